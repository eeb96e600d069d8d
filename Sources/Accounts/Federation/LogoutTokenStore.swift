import FoundationEssentials
import Keys
import Postgres

/// Logout tokens that have counted. Every method throws `PostgresError`.
struct LogoutTokenStore: Sendable {
    private let database: any Queryable

    init(_ database: any Queryable) {
        self.database = database
    }

    /// - Returns: false when this token has counted before.
    func consume(providerID: String, id: String, expiresAt: Date) async throws -> Bool {
        try await database.execute(
            """
            insert into logout_tokens (provider_id, token_hash, expires_at) values ($1, $2, $3)
            on conflict (provider_id, token_hash) do nothing
            """, [.text(providerID), .bytes(TokenHash(of: id).bytes), .timestamp(expiresAt)]) == 1
    }

    func eraseExpired(now: Date, countMax: Int) async throws -> Int {
        try await database.execute(
            """
            delete from logout_tokens where (provider_id, token_hash) in (
                select provider_id, token_hash from logout_tokens where expires_at < $1 order by expires_at limit $2
                for update skip locked)
            """, [.timestamp(now), .int(countMax)])
    }
}
