import Postgres

/// Lets nodes take turns.
struct ReconciliationStore: Sendable {
    private let transaction: any Queryable

    init(_ transaction: any Queryable) {
        self.transaction = transaction
    }

    /// Held until the transaction ends. The number is this program's own: `gate` and `conf` in ASCII.
    func lock() async throws {
        try await transaction.execute("select pg_advisory_xact_lock(1734440037, 1668247142)", [])
    }
}
