/// The table `schema_migrations`: which migrations this database has seen.
struct MigrationStore {
    struct Record: Sendable, Equatable {
        let number: Int
        let checksum: String
    }

    /// One arbitrary number that every node locks while it migrates.
    private static let lockKey: Int64 = 0x6761_7465_6D69_6772

    /// Waits for other nodes; held until the transaction ends, so that it works through any pooler.
    static func lock(_ transaction: Transaction) async throws {
        try await transaction.execute("set local statement_timeout = 0")
        try await transaction.execute("select pg_advisory_xact_lock($1)", [.int(lockKey)])
    }

    static func createTable(_ transaction: Transaction) async throws {
        try await transaction.execute(
            """
            create table if not exists schema_migrations (
                number int primary key,
                name text not null,
                checksum text not null,
                applied_at timestamptz not null default now()
            )
            """)
    }

    static func tableExists(_ queryable: some Queryable) async throws -> Bool {
        try await queryable.first("select to_regclass('schema_migrations') is not null") { try $0.bool(0) } ?? false
    }

    static func all(_ queryable: some Queryable) async throws -> [Record] {
        try await queryable.all("select number, checksum from schema_migrations order by number") {
            Record(number: try $0.int(0), checksum: try $0.text(1))
        }
    }

    static func insert(_ migration: Migration, _ transaction: Transaction) async throws {
        try await transaction.execute(
            "insert into schema_migrations (number, name, checksum) values ($1, $2, $3)",
            [.int(migration.number), .text(migration.name), .text(migration.checksum)])
    }
}
