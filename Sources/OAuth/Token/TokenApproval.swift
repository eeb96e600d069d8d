import FoundationEssentials
import OAuthProtocol

/// What a grant has decided to give; the endpoint turns it into tokens.
struct TokenApproval: Sendable {
    /// A person's authorization, absent where a client acts for itself.
    struct Authorization: Sendable {
        let grantID: UUID
        let sessionID: UUID
        let authenticatedAt: Date
        let methods: [String]
        /// offline_access: what is given outlives the session, so access tokens don't name it.
        let isOffline: Bool
    }

    /// An ID token to go with the answer.
    struct Identity: Sendable {
        let nonce: String?
        let claims: [String: JSONValue]
    }

    let subject: String
    let scopes: ScopeSet
    let audiences: [String]
    let roles: [String]
    var authorization: Authorization?
    var refreshToken: String?
    var identity: Identity?
    /// Whom the access token is bound to. The endpoint sets it, so that no grant can forget to.
    var constraint: SenderConstraint?
}
