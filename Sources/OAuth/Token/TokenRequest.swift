import FoundationEssentials
import OAuthProtocol

/// A token request after the shared phases: the form is parsed, the client has proven itself, the present is fixed.
struct TokenRequest: Sendable {
    let form: Parameters
    let client: Client
    /// What the sender proves to hold besides.
    let presented: SenderConstraint?
    /// What the tokens are bound to; nil for any bearer.
    let constraint: SenderConstraint?
    /// The address that it came from.
    let address: String
    let now: Date
}
