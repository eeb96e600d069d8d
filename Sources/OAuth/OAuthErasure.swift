import FoundationEssentials
import Postgres
import Runtime

/// Deletes what has expired in this wing, in small batches.
package struct OAuthErasure: Sendable {
    /// So that a late second use of a code still revokes what the first gave.
    static let codesKeptFor: Duration = .hours(24)
    static let saltsKeptFor: Duration = .seconds(60)
    /// So that an old refresh token is still recognised as reused.
    static let refreshTokensKeptFor: Duration = .days(1)

    private let database: any Queryable
    private let settings: OAuthSettings

    package init(database: any Queryable, settings: OAuthSettings) {
        self.database = database
        self.settings = settings
    }

    /// Erases what successors of refresh tokens could be made from, once the grace window is over.
    /// - Throws: `PostgresError`.
    package func eraseSalts(now: Date, batchMax: Int) async throws {
        // Nodes' clocks may differ: what one still answers from, another must not have erased.
        let before = now - settings.refreshGrace - Self.saltsKeptFor
        while try await RefreshTokenStore(database).eraseSalts(rotatedBefore: before, countMax: batchMax) == batchMax {}
    }

    /// - Throws: `PostgresError`.
    package func eraseExpired(now: Date, batchMax: Int) async throws {
        while try await AuthorizationRequestStore(database).eraseExpired(now: now, countMax: batchMax) == batchMax {}
        while try await AuthorizationCodeStore(database).eraseExpired(before: now - Self.codesKeptFor, countMax: batchMax) == batchMax {}
        while try await RefreshTokenStore(database).eraseExpired(before: now - Self.refreshTokensKeptFor, countMax: batchMax) == batchMax {}
        while try await RevocationStore(database).eraseExpired(now: now, countMax: batchMax) == batchMax {}
        // Last: a grant takes its tokens with it.
        while try await GrantStore(database).eraseExpired(before: now - Self.codesKeptFor, countMax: batchMax) == batchMax {}
    }
}
