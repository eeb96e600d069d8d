import Accounts
import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres
import Runtime

/// Authorization codes in the database, by their SHA-256. Every method throws `PostgresError`.
struct AuthorizationCodeStore: Sendable {
    /// A code that was presented, with its grant as it is now.
    struct Presented: Sendable {
        let clientID: String
        let redirectURI: String?
        let codeChallenge: String?
        let nonce: String?
        let grantID: UUID
        let userID: UUID
        let sessionID: UUID
        let isOffline: Bool
        let scopes: ScopeSet
        let audiences: [String]
        let claims: ClaimsRequest?
        let authenticatedAt: Date
        let methods: [String]
        let roles: [String]
        /// What whoever redeems it must prove to hold; of one that was redeemed before, what the refresh tokens are bound to.
        let constraint: SenderConstraint?
        let isRedeemed: Bool
    }

    private let database: any Queryable

    init(_ database: any Queryable) {
        self.database = database
    }

    func find(_ hash: TokenHash) async throws -> Presented? {
        try await database.first(
            """
            select client_id, redirect_uri, code_challenge, nonce, grant_id, user_id, session_id, offline, scopes, audiences, grants.claims,
                authenticated_at, methods, users.roles, sender_constraint, redeemed_at is not null
            from authorization_codes join grants on grants.id = grant_id join users on users.id = user_id
            where code_hash = $1
            """, [.bytes(hash.bytes)]
        ) { row in
            Presented(
                clientID: try row.text(0), redirectURI: try row.optionalText(1), codeChallenge: try row.optionalText(2),
                nonce: try row.optionalText(3), grantID: try row.uuid(4), userID: try row.uuid(5), sessionID: try row.uuid(6),
                isOffline: try row.bool(7), scopes: try ScopeSet(row.texts(8)), audiences: try row.texts(9),
                claims: try row.optionalJSON(10).map { try ClaimsRequest(parsing: String(decoding: $0, as: UTF8.self), bytesMax: 65_536) },
                authenticatedAt: try row.date(11),
                methods: try row.texts(12), roles: try row.texts(13),
                constraint: try row.optionalText(14).map(SenderConstraint.decode), isRedeemed: try row.bool(15))
        }
    }

    /// Redeems a code once, or revokes what its first use gave (`Migrations/0010`).
    /// - Returns: the verdict's word.
    func redeem(
        _ hash: TokenHash, clientID: String, refreshToken: TokenHash?, constraint: SenderConstraint?, settings: OAuthSettings,
        eventID: UUID,
        address: String, now: Date
    ) async throws -> String {
        try await database.first(
            "select authorization_code_redeem_v2($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                .bytes(hash.bytes), .text(clientID), .timestamp(now), .timestamp(now + OAuthSettings.accessTokenLifetimeMax),
                .optionalBytes(refreshToken?.bytes), .timestamp(now + settings.refreshTokenLifetime),
                .optionalText(constraint?.stored), .uuid(eventID), .text(address),
            ]
        ) { try $0.text(0) } ?? "unknown"
    }

    /// The code was bound to a key, the refresh tokens of a client that authenticates are not (RFC 9449 §5): it may change its key.
    func unbind(_ grantID: UUID) async throws {
        try await database.execute("update grants set sender_constraint = null where id = $1", [.uuid(grantID)])
    }

    /// Codes are kept for a day after their time, so that a late second use still revokes.
    func eraseExpired(before: Date, countMax: Int) async throws -> Int {
        try await database.execute(
            """
            delete from authorization_codes where code_hash in (
                select code_hash from authorization_codes where expires_at < $1 order by expires_at limit $2 for update skip locked)
            """, [.timestamp(before), .int(countMax)])
    }
}
