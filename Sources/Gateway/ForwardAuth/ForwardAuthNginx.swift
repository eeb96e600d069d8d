import OAuthProtocol
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
            certificates: check.readsClientCertificates ? try certificates(check) : [])
    }

    /// `$ssl_client_escaped_cert`: PEM (RFC 7468), percent-encoded.
    private static func certificates(_ check: ForwardAuthCheck) throws(ForwardAuthCheck.Flaw) -> [[UInt8]] {
        guard let escaped = try check.optional(.xClientCert, bytesMax: 16_384) else { return [] }
        // Here a plus sign is one of base64's.
        let text = escaped.replacing("+", with: "%2B")
        guard let bytes = FormEncoding.decode(text.utf8), let pem = String(validating: bytes, as: UTF8.self) else {
            throw ForwardAuthCheck.Flaw(description: "X-Client-Cert is not percent-encoded")
        }
        var lines = pem.split { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
        guard lines.count >= 3, lines.removeFirst() == "-----BEGIN CERTIFICATE-----", lines.removeLast() == "-----END CERTIFICATE-----",
            let certificate = Base64.decode(utf8: Array(lines.joined().utf8)), !certificate.isEmpty
        else { throw ForwardAuthCheck.Flaw(description: "X-Client-Cert holds no certificate in PEM") }
        return [certificate]
    }
}
