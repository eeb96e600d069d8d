import FoundationEssentials
import Postgres
import Runtime

/// Deletes what has expired in this wing, in small batches.
package struct AccountErasure: Sendable {
    /// Ended sessions are kept this long, so that an `id_token_hint` and the audit log can still name them.
    static let sessionsKeptFor: Duration = .days(90)

    private let database: any Queryable

    package init(database: any Queryable) {
        self.database = database
    }

    /// - Throws: `PostgresError`.
    package func eraseExpired(now: Date, batchMax: Int) async throws {
        while try await SignInStore(database).eraseExpired(now: now, countMax: batchMax) == batchMax {}
        while try await FederationFlowStore.eraseExpired(in: database, now: now, countMax: batchMax) == batchMax {}
        while try await LogoutTokenStore(database).eraseExpired(now: now, countMax: batchMax) == batchMax {}
        while try await SessionStore(database).eraseExpired(before: now - Self.sessionsKeptFor, countMax: batchMax) == batchMax {}
    }
}
