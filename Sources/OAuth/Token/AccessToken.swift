import FoundationEssentials
import OAuthProtocol

/// What a verified access token of ours says.
package struct AccessToken: Sendable {
    package let id: String
    package let subject: String
    package let clientID: String
    package let audiences: [String]
    package let scopes: ScopeSet
    package let roles: [String]
    package let issuedAt: Date
    package let expiresAt: Date
    /// Absent where a client acts for itself.
    package let grantID: UUID?
    package let sessionID: UUID?
    package let authenticatedAt: Int?
    /// What it is bound to (RFC 7800); nil: any bearer's.
    package let constraint: SenderConstraint?

    /// - Returns: nil when a claim that RFC 9068 §2.2 requires is missing or of another type, and for a `cnf` that we don't understand.
    init?(_ claims: JSONValue) {
        guard let id = claims["jti"]?.string, let subject = claims["sub"]?.string, let clientID = claims["client_id"]?.string,
            let issuedAt = claims["iat"]?.int, let expiresAt = claims["exp"]?.int,
            let audiences = claims["aud"]?.strings ?? claims["aud"]?.string.map({ [$0] }),
            let scopes = try? ScopeSet(parsing: claims["scope"]?.string ?? "")
        else { return nil }
        if let confirmation = claims["cnf"] {
            guard let constraint = SenderConstraint(confirmation: confirmation) else { return nil }
            self.constraint = constraint
        } else {
            constraint = nil
        }
        self.id = id
        self.subject = subject
        self.clientID = clientID
        self.audiences = audiences
        self.scopes = scopes
        self.roles = claims["roles"]?.strings ?? []
        self.issuedAt = Date(timeIntervalSince1970: Double(issuedAt))
        self.expiresAt = Date(timeIntervalSince1970: Double(expiresAt))
        self.grantID = claims["grant_id"]?.string.flatMap { UUID(uuidString: $0) }
        self.sessionID = claims["sid"]?.string.flatMap { UUID(uuidString: $0) }
        self.authenticatedAt = claims["auth_time"]?.int
    }

    /// The person it speaks for; nil where a client acts for itself.
    package var userID: UUID? { grantID == nil ? nil : UUID(uuidString: subject) }
}
