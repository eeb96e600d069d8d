/// The table `schema_migrations`: which migrations this database has seen.
struct MigrationStore {
    struct Record: Sendable, Equatable {
        let number: Int
        let checksum: String
        /// The oldest program, by its newest migration, that goes on beside it; nil where a program wrote it that didn't say.
        var servesFrom: Int?
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
        // Since then; not in the statement above, since a database may have been made before.
        guard try await !hasReach(transaction) else { return }
        try await transaction.execute("alter table schema_migrations add column serves_from int")
    }

    private static func hasReach(_ queryable: some Queryable) async throws -> Bool {
        try await queryable.first(
            """
            select exists (
                select from pg_attribute
                where attrelid = to_regclass('schema_migrations') and attname = 'serves_from' and not attisdropped
            )
            """
        ) { try $0.bool(0) } ?? false
    }

    /// Waiting for a lock holds up everybody who comes after: rather give way, and try again.
    static func limitLockWait(_ transaction: Transaction, milliseconds: Int) async throws {
        try await transaction.execute("set local lock_timeout = \(milliseconds)")
    }

    static func tableExists(_ queryable: some Queryable) async throws -> Bool {
        try await queryable.first("select to_regclass('schema_migrations') is not null") { try $0.bool(0) } ?? false
    }

    static func all(_ queryable: some Queryable) async throws -> [Record] {
        // By way of JSON, since the column may not be there yet.
        try await queryable.all(
            "select number, checksum, (to_jsonb(m) ->> 'serves_from')::int from schema_migrations m order by number"
        ) {
            Record(number: try $0.int(0), checksum: try $0.text(1), servesFrom: try $0.optionalInt(2))
        }
    }

    static func insert(_ migration: Migration, _ transaction: Transaction) async throws {
        try await transaction.execute(
            "insert into schema_migrations (number, name, checksum, serves_from) values ($1, $2, $3, $4)",
            [.int(migration.number), .text(migration.name), .text(migration.checksum), .int(migration.reach.servesFrom)])
    }
}
