import OAuthProtocol

/// What a token is bound to: whoever shows the token must prove to hold this as well (RFC 7800).
package enum SenderConstraint: Sendable, Hashable {
    /// The key of a client certificate, by the certificate's SHA-256 (RFC 8705 §3.1).
    case certificate(CertificateThumbprint)
    /// A key of which each request brings a proof (RFC 9449 §6).
    case key(JWKThumbprint)

    private static let certificateMember = "x5t#S256"
    private static let keyMember = "jkt"

    /// What tokens that are issued on this request are bound to. Whoever sends a proof asks for a binding to its key.
    /// - Parameters:
    ///   - key: what a DPoP proof of the request has proven.
    ///   - certificates: what the sender has proven to hold the key of: DER, its own first.
    /// - Returns: nil for a client whose tokens are for any bearer.
    /// - Throws: `invalid_request` where they must be bound and there is nothing to bind them to, or something else;
    ///   `invalid_dpop_proof` where there is no proof (RFC 9449 §5.2).
    static func judge(_ client: Client, key: JWKThumbprint?, certificates: [[UInt8]]) throws(OAuthError) -> SenderConstraint? {
        let metadata = client.metadata
        if let key {
            guard !metadata.isCertificateBound else {
                throw .invalidRequest("This client's tokens are bound to a client certificate, not to a DPoP key.")
            }
            return .key(key)
        }
        guard !metadata.isDPoPBound else {
            throw OAuthError(.invalidDPoPProof, "This client's tokens are bound to a DPoP key, and there is no proof of one.")
        }
        guard metadata.isCertificateBound || metadata.tokenEndpointAuthMethod.usesCertificate else { return nil }
        guard let constraint = SenderConstraint(key: nil, certificates: certificates) else {
            throw .invalidRequest("This client's tokens are bound to a client certificate, and there is none.")
        }
        return constraint
    }

    /// What the sender of a request proves; nil for one who shows neither proof nor certificate.
    init?(key: JWKThumbprint?, certificates: [[UInt8]]) {
        if let key {
            self = .key(key)
        } else if let der = certificates.first {
            self = .certificate(CertificateThumbprint(of: der))
        } else {
            return nil
        }
    }

    // MARK: In tokens

    /// `token_type` (RFC 6749 §7.1).
    static func tokenType(_ constraint: SenderConstraint?) -> String {
        if case .key = constraint { "DPoP" } else { "Bearer" }
    }

    /// The members of `cnf` (RFC 7800 §3.1).
    package var confirmation: JSONValue {
        switch self {
        case .certificate(let thumbprint): .object([Self.certificateMember: .string(thumbprint.description)])
        case .key(let thumbprint): .object([Self.keyMember: .string(thumbprint.description)])
        }
    }

    /// - Returns: nil for a `cnf` that we don't understand: such a token is for nobody.
    package init?(confirmation: JSONValue) {
        guard let members = confirmation.object, members.count == 1, let (name, value) = members.first, let text = value.string else {
            return nil
        }
        self.init(name, text)
    }

    // MARK: In the database

    /// As a grant stores it.
    var stored: String {
        switch self {
        case .certificate(let thumbprint): "\(Self.certificateMember):\(thumbprint)"
        case .key(let thumbprint): "\(Self.keyMember):\(thumbprint)"
        }
    }

    init?(stored: String) {
        guard let colon = stored.firstIndex(of: ":") else { return nil }
        self.init(String(stored[..<colon]), String(stored[stored.index(after: colon)...]))
    }

    private init?(_ member: String, _ text: String) {
        switch member {
        case Self.certificateMember:
            guard let thumbprint = CertificateThumbprint(parsing: text) else { return nil }
            self = .certificate(thumbprint)
        case Self.keyMember:
            guard let thumbprint = JWKThumbprint(parsing: text) else { return nil }
            self = .key(thumbprint)
        default: return nil
        }
    }
}
