import FoundationEssentials
import OAuthProtocol

/// A token request after the shared phases: the form is parsed, the client has proven itself, the present is fixed.
struct TokenRequest: Sendable {
    let form: Parameters
    let client: Client
    /// The address that it came from.
    let address: String
    let now: Date
}
