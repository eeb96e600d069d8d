import Web

/// Envoy's `ext_authz` over HTTP (`Examples/gateway/envoy.yaml`): the check is the request itself without its body – same method, same
/// `Host` – with the original path behind `path_prefix`; whatever is not 200 goes to the client.
enum ForwardAuthEnvoy: ForwardAuthDialect {
    static let name = "envoy"
    static let passesAnswersOn = true

    static func evidence(_ check: ForwardAuthCheck) throws(ForwardAuthCheck.Flaw) -> CallerEvidence {
        // The first Host became the authority; a second one is still among the fields.
        guard let authority = check.head.authority, (1...ForwardAuthDialects.authorityBytesMax).contains(authority.utf8.count),
            check.head.headerFields[.forwardedHost] == nil
        else { throw ForwardAuthCheck.Flaw(description: "Host is missing, too long, or there twice") }
        guard (1...ForwardAuthDialects.targetBytesMax).contains(check.appended.utf8.count) else {
            throw ForwardAuthCheck.Flaw(description: "the original path is missing or too long")
        }
        let method = try check.method(check.head.method.rawValue)
        return CallerEvidence(
            method: method, scheme: try check.scheme(.xForwardedProto), authority: authority,
            requestTarget: String(check.appended), headers: check.head.headerFields, body: check.body(method),
            address: try check.senderAddress(.xForwardedFor), certificates: try check.clientCertificates())
    }
}
