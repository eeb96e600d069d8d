import FoundationEssentials
import Keys
import OAuthProtocol

/// A code about to be given to a client (RFC 6749 §4.1.2), and the grant behind it.
struct AuthorizationCode: Sendable {
    /// So that secret scanners and people can tell what they have found.
    static let prefix = "gh_ac_"

    let token: OpaqueToken
    let grantID: UUID
    let clientID: String
    let userID: UUID
    let sessionID: UUID
    let isOffline: Bool
    let scopes: ScopeSet
    let audiences: [String]
    let claims: ClaimsRequest?
    let authenticatedAt: Date
    let methods: [String]
    /// Nil when the request named none.
    let redirectURI: String?
    let codeChallenge: String?
    let nonce: String?
    /// What whoever redeems it must prove to hold.
    let constraint: SenderConstraint?
}
