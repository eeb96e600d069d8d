import Postgres

/// What a server has written down, as a test looks at it: how many rows each table holds.
package struct TestRowStore: Sendable {
    /// The tables that browsers write to.
    package static let browserTables = ["authorization_requests", "sign_ins", "sessions", "grants", "authorization_codes", "consents"]

    private let database: any Queryable

    package init(_ database: any Queryable) {
        self.database = database
    }

    package func count(_ table: String) async throws -> Int {
        try await database.first("select count(*) from \(table)", []) { try $0.int(0) } ?? 0
    }

    package func counts(_ tables: [String] = browserTables) async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for table in tables { counts[table] = try await count(table) }
        return counts
    }

    /// Sessions that have not ended.
    package func liveSessions() async throws -> Int {
        try await database.first("select count(*) from sessions where ended_at is null", []) { try $0.int(0) } ?? 0
    }

    /// What kinds of events were recorded, in the order in which they happened.
    package func events() async throws -> [String] {
        try await database.all("select kind from audit_events order by occurred_at, transaction_id, id", []) { try $0.text(0) }
    }
}
