/// One migration that a database has seen, as `schema_migrations` remembers it.
package struct AppliedMigration: Sendable, Equatable {
    package let number: Int
    /// SHA-256 of its text, in hex.
    package let checksum: String

    package init(number: Int, checksum: String) {
        self.number = number
        self.checksum = checksum
    }
}

extension Migrator {
    /// What a database has seen; nothing where it holds nothing of ours.
    /// - Throws: `PostgresError`.
    package static func applied(_ database: some Queryable) async throws -> [AppliedMigration] {
        guard try await MigrationStore.tableExists(database) else { return [] }
        return try await MigrationStore.all(database).map { AppliedMigration(number: $0.number, checksum: $0.checksum) }
    }

    /// Compares what a database has seen, or a backup of one, with this program's migrations. Nothing that this program doesn't know may be
    /// in it, also where it would go on beside it: there may be tables in which something is sealed.
    /// - Returns: the migrations that are missing there.
    /// - Throws: `MigrationError`: `databaseIsNewer`, `changed`, `gap`.
    package func check(_ applied: [AppliedMigration]) throws(MigrationError) -> [Migration] {
        for (index, record) in applied.enumerated() {
            guard index < migrations.count else { throw .databaseIsNewer(record.number) }
            guard record.number == migrations[index].number else { throw .gap(migrations[index].number) }
            guard record.checksum == migrations[index].checksum else { throw .changed(record.number) }
        }
        return Array(migrations.dropFirst(applied.count))
    }

    /// Runs `body` while nobody migrates.
    /// - Throws: what `body` throws; `PostgresError`.
    package func exclusively<T: Sendable>(_ body: (Transaction) async throws -> T) async throws -> T {
        try await withDatabase { database in
            try await database.transaction { transaction in
                try await MigrationStore.lock(transaction)
                return try await body(transaction)
            }
        }
    }
}
