import OAuthProtocol

/// Why a signed request proves nothing. For the audit log; callers learn only that it does not.
package enum SignedRequestRefusal: Error, Sendable, Equatable {
    /// Its signatures don't meet the policy, or don't hold.
    case message(MessageSignatureRefusal)
    case unknownKey
    case revoked
    case keyExpired
    case ownerDisabled
    /// Presented from an address that the key is not allowed from.
    case address
    /// Not meant for the service that asks.
    case audience
    /// Lacks a scope that the service asks for.
    case scope
    /// Its nonce has been used.
    case replayed
    /// Signed before the replay store was emptied by a crash.
    case beforeRecovery

    init(_ flaw: Credential.Flaw) {
        switch flaw {
        case .revoked: self = .revoked
        case .expired: self = .keyExpired
        case .ownerDisabled: self = .ownerDisabled
        case .address: self = .address
        }
    }

    /// A short fixed word for audit and metrics, without anything from the message.
    package var reason: String {
        switch self {
        case .message(let refusal): refusal.code
        case .unknownKey: "unknown_key"
        case .revoked: "revoked"
        case .keyExpired: "key_expired"
        case .ownerDisabled: "owner_disabled"
        case .address: "address"
        case .audience: "audience"
        case .scope: "scope"
        case .replayed: "replayed"
        case .beforeRecovery: "before_recovery"
        }
    }
}
