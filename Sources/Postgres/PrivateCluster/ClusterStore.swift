/// What the private cluster asks of its server.
struct ClusterStore {
    /// Creates a database when it isn't there, also when two processes do so at the same time.
    static func createDatabase(_ name: String, _ database: Database) async throws {
        let exists = try await database.first("select true from pg_database where datname = $1", [.text(name)]) { try $0.bool(0) }
        if exists == true { return }
        do {
            try await database.execute("create database \"\(name)\"")
        } catch let error as PostgresError where error.sqlState == "42P04" || error.violatesUnique() {
            return
        }
    }
}
