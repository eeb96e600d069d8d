/// How a client proves itself at the token endpoint (RFC 7591 §2).
package enum TokenEndpointAuthMethod: String, Sendable, CaseIterable, Hashable {
    case clientSecretBasic = "client_secret_basic"
    case clientSecretPost = "client_secret_post"
    /// A certificate of an authority that the server trusts, by a name in it (RFC 8705 §2.1).
    case tlsClientAuth = "tls_client_auth"
    /// A certificate that the client has registered itself (RFC 8705 §2.2).
    case selfSignedTLSClientAuth = "self_signed_tls_client_auth"
    /// A public client: it has nothing to prove itself with.
    case none

    package var isPublic: Bool { self == .none }

    package var usesSecret: Bool { self == .clientSecretBasic || self == .clientSecretPost }

    /// RFC 8705 §2
    package var usesCertificate: Bool { self == .tlsClientAuth || self == .selfSignedTLSClientAuth }
}
