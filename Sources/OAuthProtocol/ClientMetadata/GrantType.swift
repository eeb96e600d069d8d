/// The grants that this server knows (RFC 6749 §1.3), as `grant_type` and `grant_types` spell them.
package enum GrantType: String, Sendable, CaseIterable, Hashable {
    case authorizationCode = "authorization_code"
    case refreshToken = "refresh_token"
    case clientCredentials = "client_credentials"
}
