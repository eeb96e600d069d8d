import Web

/// nginx `auth_request` (`Examples/gateway/nginx.conf`): the configuration states every field, so that what a client sends under these
/// names is overwritten. The answer is 2xx, 401 or 403, and nothing else.
enum ForwardAuthNginx: ForwardAuthDialect {
    static let name = "nginx"
    static let passesAnswersOn = false

    static func evidence(_ check: ForwardAuthCheck) throws(ForwardAuthCheck.Flaw) -> CallerEvidence {
        let method = try check.method(try check.required(.xOriginalMethod, bytesMax: 32))
        return CallerEvidence(
            method: method,
            scheme: try check.scheme(.xForwardedProto),
            authority: try check.required(.xForwardedHost, bytesMax: ForwardAuthDialects.authorityBytesMax),
            requestTarget: try check.required(.xOriginalURI, bytesMax: ForwardAuthDialects.targetBytesMax),
            headers: check.head.headerFields, body: check.body(method), address: try check.senderAddress(.xForwardedFor),
            certificates: try check.clientCertificates())
    }
}
