import FoundationEssentials
import OAuthProtocol

/// A person who can sign in.
package struct User: Sendable {
    package let id: UUID
    package var username: String
    package var email: String?
    package var emailVerified: Bool
    package var phoneNumber: String?
    package var phoneNumberVerified: Bool
    /// The other standard claims (OpenID Connect Core §5.1) by claim name.
    package var claims: [String: JSONValue]
    package var roles: [String]
    package var passwordHash: PasswordHash?
    /// Declared in the settings file and reconciled at every start.
    package var isDeclared: Bool
    package var disabledAt: Date?
    package let createdAt: Date
    package var updatedAt: Date

    package init(id: UUID, username: String, now: Date) {
        self.id = id
        self.username = username
        self.emailVerified = false
        self.phoneNumberVerified = false
        self.claims = [:]
        self.roles = []
        self.isDeclared = false
        self.createdAt = now
        self.updatedAt = now
    }

    init(
        id: UUID, username: String, email: String?, emailVerified: Bool, phoneNumber: String?, phoneNumberVerified: Bool,
        claims: [String: JSONValue], roles: [String], passwordHash: PasswordHash?, isDeclared: Bool, disabledAt: Date?, createdAt: Date,
        updatedAt: Date
    ) {
        self.id = id
        self.username = username
        self.email = email
        self.emailVerified = emailVerified
        self.phoneNumber = phoneNumber
        self.phoneNumberVerified = phoneNumberVerified
        self.claims = claims
        self.roles = roles
        self.passwordHash = passwordHash
        self.isDeclared = isDeclared
        self.disabledAt = disabledAt
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }

    /// What pages call this person.
    package var displayName: String { claims["name"]?.string ?? claims["given_name"]?.string ?? username }

    /// The value of a standard claim, or nil when this person has none (OpenID Connect Core §5.3.2: absent, not null).
    package func claim(_ name: String) -> JSONValue? {
        switch name {
        case "preferred_username": claims[name] ?? .string(username)
        case "email": email.map(JSONValue.string)
        case "email_verified": email == nil ? nil : .bool(emailVerified)
        case "phone_number": phoneNumber.map(JSONValue.string)
        case "phone_number_verified": phoneNumber == nil ? nil : .bool(phoneNumberVerified)
        case "updated_at": .int(Int64(updatedAt.timeIntervalSince1970))
        default: claims[name]
        }
    }
}
