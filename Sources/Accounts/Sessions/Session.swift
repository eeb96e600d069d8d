import FoundationEssentials
import Keys

/// A browser in which a person has signed in.
package struct Session: Sendable {
    /// The `sid` claim.
    package let id: UUID
    package let user: User
    package let createdAt: Date
    /// When the person last proved who they are: `auth_time`.
    package let authenticatedAt: Date
    /// How, in RFC 8176's words: `amr`.
    package let methods: [String]
    package let lastSeenAt: Date
    /// The absolute limit, whatever the activity.
    package let expiresAt: Date
    /// What the browser presented; binds forms to this session.
    package let tokenText: String
}
