import FoundationEssentials
import OAuthProtocol

/// What the database found when a refresh token was presented: judged under the family's lock, in one call.
///
/// Reuse is a value and not an error, since the revocation that it causes must be committed before the client is told.
enum RefreshTokenVerdict: Sendable {
    /// First presented: the offered successor is now the family's newest token.
    case rotated(RefreshedGrant)
    /// Rotated less than the grace window ago: its own successor answers again, however far the chain has moved.
    case replayed(RefreshedGrant, salt: [UInt8], keyID: String)
    /// Rotated before the grace window: somebody else holds a copy. The family has been revoked.
    case reused(grantID: UUID)
    case refused(RefreshTokenRefusal)
}

/// Why a refresh token gives nothing.
enum RefreshTokenRefusal: String, Sendable {
    case unknown
    case otherClient = "other_client"
    /// Bound to something that the request doesn't prove to hold.
    case otherSender = "other_sender"
    case revoked
    case expired
    case userDisabled = "user_disabled"
    case sessionEnded = "session_ended"
    case scopeExceeded = "scope_exceeded"
    case audienceExceeded = "audience_exceeded"

    var error: OAuthError {
        switch self {
        case .scopeExceeded: .invalidScope("scope exceeds what was granted")
        case .audienceExceeded: .invalidTarget("resource exceeds what was granted")
        // One answer for all others: the caller learns no more than that this token is of no use.
        default: .invalidGrant("the refresh token is not valid", reason: rawValue)
        }
    }
}

/// The grant behind a refresh token, with the user's state as it is now.
struct RefreshedGrant: Sendable {
    let grantID: UUID
    let userID: UUID
    let sessionID: UUID
    let scopes: ScopeSet
    let audiences: [String]
    let authenticatedAt: Date
    let methods: [String]
    let roles: [String]
    let isOffline: Bool
}
