/// How a client proves itself at the token endpoint (RFC 7591 §2).
package enum TokenEndpointAuthMethod: String, Sendable, CaseIterable, Hashable {
    case clientSecretBasic = "client_secret_basic"
    case clientSecretPost = "client_secret_post"
    /// A public client: it has nothing to prove itself with.
    case none

    package var isPublic: Bool { self == .none }
}
