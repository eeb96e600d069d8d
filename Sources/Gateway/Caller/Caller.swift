import FoundationEssentials
import OAuthProtocol
import Web

/// Whoever is at the door, however they proved who they are: one value for access tokens, API keys, client secrets and certificates,
/// so that rights and audit don't depend on the form of the proof.
package struct Caller: Sendable {
    /// How it was proven.
    package enum Proof: String, Sendable, CaseIterable {
        /// An access token of ours (RFC 6750).
        case accessToken = "access_token"
        case apiKey = "api_key"
        /// A client's own secret under HTTP Basic (RFC 6749 §2.3.1).
        case clientSecret = "client_secret"
        /// A client's certificate alone, by its name or because our own authority issued it (RFC 8705 §2.1).
        case clientCertificate = "client_certificate"
        /// A person's session at the door: nowhere else.
        case session
        /// A signature over the request under a key of ours (RFC 9421).
        case signature

        /// As metrics tell it.
        var requestCaller: RequestCaller {
            switch self {
            case .accessToken: .accessToken
            case .apiKey: .apiKey
            case .clientSecret: .clientSecret
            case .clientCertificate: .clientCertificate
            case .session: .browser
            case .signature: .signature
            }
        }
    }

    package let proof: Proof
    /// A person's id, or a client's where it acts for itself.
    package let subject: String
    /// The person, where there is one.
    package let userID: UUID?
    /// The client, where there is one.
    package let clientID: String?
    package let scopes: ScopeSet
    /// The services that it speaks for; a token or key is shown to those in its audience.
    package let audiences: [String]
    package let roles: [String]
    /// Names the key or token in the audit log.
    package let credentialID: String?

    /// - Throws: `insufficient_scope` unless it holds one of these.
    package func require(anyOf wanted: String...) throws(OAuthError) {
        guard wanted.contains(where: scopes.contains) else { throw .insufficientScope(scope: wanted[0]) }
    }
}
