import OAuthProtocol

/// What a token is bound to: whoever shows the token must prove to hold this as well (RFC 7800).
package enum SenderConstraint: Sendable, Hashable {
    /// The key of a client certificate, by the certificate's SHA-256 (RFC 8705 §3.1).
    case certificate(CertificateThumbprint)

    private static let certificateMember = "x5t#S256"

    /// What tokens that are issued on this request are bound to.
    /// - Parameter certificates: what the sender has proven to hold the key of: DER, its own first.
    /// - Returns: nil for a client whose tokens are for any bearer.
    /// - Throws: `invalid_request` where they must be bound and there is nothing to bind them to.
    static func judge(_ client: Client, certificates: [[UInt8]]) throws(OAuthError) -> SenderConstraint? {
        guard client.metadata.isCertificateBound || client.metadata.tokenEndpointAuthMethod.usesCertificate else { return nil }
        guard let constraint = SenderConstraint(presented: certificates) else {
            throw .invalidRequest("This client's tokens are bound to a client certificate, and there is none.")
        }
        return constraint
    }

    /// What the sender of a request proves; nil for one who shows no certificate.
    package init?(presented certificates: [[UInt8]]) {
        guard let der = certificates.first else { return nil }
        self = .certificate(CertificateThumbprint(of: der))
    }

    /// Refuses a bound token in other hands.
    /// - Throws: `invalid_token` (RFC 8705 §3).
    package func require(_ certificates: [[UInt8]]) throws(OAuthError) {
        guard let presented = SenderConstraint(presented: certificates) else {
            throw .invalidToken(reason: "bound to a certificate, and none was presented")
        }
        guard presented == self else { throw .invalidToken(reason: "bound to another certificate") }
    }

    // MARK: In tokens

    /// The members of `cnf` (RFC 7800 §3.1).
    package var confirmation: JSONValue {
        switch self {
        case .certificate(let thumbprint): .object([Self.certificateMember: .string(thumbprint.description)])
        }
    }

    /// - Returns: nil for a `cnf` that we don't understand: such a token is for nobody.
    package init?(confirmation: JSONValue) {
        guard let members = confirmation.object, members.count == 1, let text = members[Self.certificateMember]?.string,
            let thumbprint = CertificateThumbprint(parsing: text)
        else { return nil }
        self = .certificate(thumbprint)
    }

    // MARK: In the database

    /// As a grant stores it.
    var stored: String {
        switch self {
        case .certificate(let thumbprint): "\(Self.certificateMember):\(thumbprint)"
        }
    }
}
