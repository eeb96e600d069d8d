/// Why a presented key proves nothing. For the audit log; callers learn only that it does not.
package enum APIKeyRefusal: String, Error, Sendable {
    /// Not of the form of a key.
    case malformed
    /// Mistyped or truncated.
    case checksum
    case unknown
    case revoked
    case expired
    /// Presented from an address that it is not allowed from.
    case address
    case ownerDisabled = "owner_disabled"
    /// Not meant for the service that asks.
    case audience
    /// Lacks a scope that the service asks for.
    case scope
}

extension APIKeyRefusal {
    init(_ flaw: Credential.Flaw) {
        switch flaw {
        case .revoked: self = .revoked
        case .expired: self = .expired
        case .ownerDisabled: self = .ownerDisabled
        case .address: self = .address
        }
    }
}
