import FoundationEssentials
import OAuthProtocol

/// A certificate of our own authority, as it is on record.
package struct IssuedCertificate: Sendable {
    package enum Purpose: String, Sendable {
        case client
        case server
    }

    /// In lower-case hexadecimal.
    package let serial: String
    package let thumbprint: CertificateThumbprint
    package let purpose: Purpose
    /// Whom a client's certificate stands for; nil for servers, and when the client has been erased.
    package let clientID: String?
    package let scopes: ScopeSet
    /// For people.
    package let names: [String]
    package let expiresAt: Date
    package var revokedAt: Date?
    package var revokedReason: CertificateRevocationReason?
    package let createdAt: Date
}
