import Web

/// Traefik's ForwardAuth middleware (`Examples/gateway/traefik.yaml`): it writes the five fields itself, and hands on whatever is not 2xx.
enum ForwardAuthTraefik: ForwardAuthDialect {
    static let name = "traefik"
    static let passesAnswersOn = true

    static func evidence(_ check: ForwardAuthCheck) throws(ForwardAuthCheck.Flaw) -> CallerEvidence {
        try forwarded(check)
    }

    /// The five fields that Traefik and Caddy agree on.
    static func forwarded(_ check: ForwardAuthCheck) throws(ForwardAuthCheck.Flaw) -> CallerEvidence {
        let method = try check.method(try check.required(.xForwardedMethod, bytesMax: 32))
        return CallerEvidence(
            method: method,
            scheme: try check.scheme(.xForwardedProto),
            authority: try check.required(.xForwardedHost, bytesMax: ForwardAuthDialects.authorityBytesMax),
            requestTarget: try check.required(.xForwardedURI, bytesMax: ForwardAuthDialects.targetBytesMax),
            headers: check.head.headerFields, body: check.body(method), address: try check.senderAddress(.xForwardedFor),
            certificates: try check.clientCertificates())
    }
}
