import FoundationEssentials
import Postgres

/// What the database says about itself. Every method throws `PostgresError`.
struct HealthStore: Sendable {
    private let database: any Queryable

    init(_ database: any Queryable) {
        self.database = database
    }

    /// The database's clock at the moment of asking.
    func now() async throws -> Date? {
        try await database.first("select clock_timestamp()") { try $0.date(0) }
    }
}
