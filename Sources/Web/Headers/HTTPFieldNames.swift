import HTTPTypes

extension HTTPField.Name {
    /// Field names that swift-http-types doesn't list.
    package static let secFetchSite = custom("Sec-Fetch-Site")
    package static let acceptSignature = custom("Accept-Signature")
    package static let signatureInput = custom("Signature-Input")
    package static let rateLimit = custom("RateLimit")
    package static let rateLimitPolicy = custom("RateLimit-Policy")
    package static let clientCert = custom("Client-Cert")
    package static let clientCertChain = custom("Client-Cert-Chain")
    package static let dpop = custom("DPoP")
    package static let dpopNonce = custom("DPoP-Nonce")
    package static let forwarded = custom("Forwarded")
    package static let xClientCert = custom("X-Client-Cert")
    package static let xForwardedClientCert = custom("X-Forwarded-Client-Cert")
    package static let xForwardedFor = custom("X-Forwarded-For")
    package static let traceParent = custom("traceparent")
    static let crossOriginOpenerPolicy = custom("Cross-Origin-Opener-Policy")
    static let permissionsPolicy = custom("Permissions-Policy")
    static let pragma = custom("Pragma")
    static let referrerPolicy = custom("Referrer-Policy")
    static let xFrameOptions = custom("X-Frame-Options")

    private static func custom(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("not a field name: \(name)") }
        return name
    }
}
