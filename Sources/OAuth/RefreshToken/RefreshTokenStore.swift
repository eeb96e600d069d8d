import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres
import Runtime

/// Refresh tokens in the database, by their SHA-256. Every method throws `PostgresError`.
struct RefreshTokenStore: Sendable {
    /// What a rotation needs to know and to write.
    struct Rotation: Sendable {
        let presented: TokenHash
        let clientID: String
        /// What the sender proves to hold.
        let constraint: SenderConstraint?
        let requestedScopes: [String]
        let requestedAudiences: [String]
        let salt: [UInt8]
        let keyID: String
        let successor: TokenHash
        let eventID: UUID
        let address: String
    }

    private let database: any Queryable

    init(_ database: any Queryable) {
        self.database = database
    }

    /// Locks the family, judges, writes: one round trip (`Migrations/0010`).
    func rotate(_ rotation: Rotation, settings: OAuthSettings, now: Date) async throws -> RefreshTokenVerdict {
        let verdict = try await database.first(
            """
            select verdict, grant_id, user_id, session_id, scopes, audiences, authenticated_at, methods, roles, offline, successor_salt, successor_key_id
            from refresh_token_rotate_v2($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            """,
            [
                .bytes(rotation.presented.bytes), .text(rotation.clientID), .timestamp(now), .timestamp(now - settings.refreshGrace),
                .timestamp(now + OAuthSettings.accessTokenLifetimeMax), .optionalText(rotation.constraint?.stored),
                .texts(rotation.requestedScopes),
                .texts(rotation.requestedAudiences), .bytes(rotation.salt), .text(rotation.keyID), .bytes(rotation.successor.bytes),
                .timestamp(now + settings.refreshTokenLifetime), .uuid(rotation.eventID), .text(rotation.address),
            ], Self.decode)
        guard let verdict else { throw PostgresError(.decoding("refresh_token_rotate_v2 answered no row")) }
        return verdict
    }

    private static func decode(_ row: PostgresRow) throws -> RefreshTokenVerdict {
        switch try row.text(0) {
        case "rotated": return .rotated(try decodeGrant(row))
        case "replayed": return .replayed(try decodeGrant(row), salt: try row.bytes(10), keyID: try row.text(11))
        case "reused": return .reused(grantID: try row.uuid(1))
        case let word:
            guard let refusal = RefreshTokenRefusal(rawValue: word) else { throw PostgresError(.decoding("unknown verdict \(word)")) }
            return .refused(refusal)
        }
    }

    private static func decodeGrant(_ row: PostgresRow) throws -> RefreshedGrant {
        RefreshedGrant(
            grantID: try row.uuid(1), userID: try row.uuid(2), sessionID: try row.uuid(3), scopes: try ScopeSet(row.texts(4)),
            audiences: try row.texts(5), authenticatedAt: try row.date(6), methods: try row.texts(7), roles: try row.texts(8),
            isOffline: try row.bool(9))
    }

    /// Erases what successors could be made from, after the grace window.
    func eraseSalts(rotatedBefore: Date, countMax: Int) async throws -> Int {
        try await database.execute(
            """
            update refresh_tokens set successor_salt = null, successor_key_id = null where token_hash in (
                select token_hash from refresh_tokens where successor_salt is not null and rotated_at < $1 limit $2 for update skip locked)
            """, [.timestamp(rotatedBefore), .int(countMax)])
    }

    func eraseExpired(before: Date, countMax: Int) async throws -> Int {
        try await database.execute(
            """
            delete from refresh_tokens where token_hash in (
                select token_hash from refresh_tokens where expires_at < $1 order by expires_at limit $2 for update skip locked)
            """, [.timestamp(before), .int(countMax)])
    }
}
