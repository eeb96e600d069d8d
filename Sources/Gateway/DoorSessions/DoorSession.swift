import FoundationEssentials
import OAuthProtocol

/// A browser's session at one protected origin. It lives no longer than the person's session here, which it names.
package struct DoorSession: Sendable {
    /// The person's session: `sid`.
    package let sessionID: UUID
    package let userID: UUID
    package let grantID: UUID
    /// The only one that it counts for.
    package let origin: String
    package let scopes: ScopeSet
    package let roles: [String]
    package let createdAt: Date
    package let expiresAt: Date

    var caller: Caller {
        Caller(
            proof: .session, subject: userID.uuidString.lowercased(), userID: userID, clientID: DoorClient.id, scopes: scopes,
            audiences: [],
            roles: roles, credentialID: sessionID.uuidString.lowercased())
    }
}
