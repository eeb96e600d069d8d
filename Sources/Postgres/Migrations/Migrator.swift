import Logging

/// Brings a database up to the program's migrations. Any number of nodes may do so at the same time.
package struct Migrator: Sendable {
    let migrations: [Migration]
    private let settings: PostgresSettings
    private let logger: Logger
    /// How long a statement of a migration waits for a table that others use.
    var lockWaitMilliseconds = 2_000

    /// - Parameter settings: the direct connection string is used when there is one.
    package init(migrations: [Migration], settings: PostgresSettings, logger: Logger) {
        self.migrations = migrations
        self.logger = logger
        // Building an index on a large table takes its time, and so does a restore.
        self.settings = settings.forUpkeep(timeMax: .seconds(86_400))
    }

    /// Applies what is missing, each migration in a transaction of its own.
    ///
    /// - Returns: the migrations applied by this call, in order.
    /// - Throws: `MigrationError`, or `PostgresError` when the database can't be reached.
    @discardableResult
    package func migrate() async throws -> [Migration] {
        try Migration.checkNumbers(migrations)
        return try await withDatabase { database in
            var applied: [Migration] = []
            // Another node may apply some in between: look again under the lock each time.
            while let migration = try await applyNextPatiently(database) {
                logger.notice("migrated", metadata: ["number": "\(migration.number)", "name": "\(migration.name)"])
                applied.append(migration)
            }
            return applied
        }
    }

    /// - Returns: the migrations that `migrate` would apply now. Changes nothing.
    /// - Throws: as `migrate`.
    package func plan() async throws -> [Migration] {
        try Migration.checkNumbers(migrations)
        return try await withDatabase { database in
            guard try await MigrationStore.tableExists(database) else { return migrations }
            return try Self.judge(migrations, known: await MigrationStore.all(database))
        }
    }

    /// What these migrations would find missing, for a node that serves: by a connection of the pool, without changing anything.
    /// - Throws: as ``migrate()``.
    package static func missing(_ migrations: [Migration], in database: some Queryable) async throws -> [Migration] {
        try judge(migrations, known: await MigrationStore.all(database))
    }

    /// What a newer program has added does no harm as long as it says so.
    /// - Returns: what is missing.
    static func judge(_ migrations: [Migration], known: [MigrationStore.Record]) throws(MigrationError) -> [Migration] {
        for (index, record) in known.enumerated() {
            guard index < migrations.count else {
                guard let servesFrom = record.servesFrom, servesFrom <= migrations.count else { throw .databaseIsNewer(record.number) }
                continue
            }
            guard record.number == migrations[index].number else { throw .gap(migrations[index].number) }
            guard record.checksum == migrations[index].checksum else { throw .changed(record.number) }
        }
        return Array(migrations.dropFirst(known.count))
    }

    /// While others serve, a statement that waits for its lock holds up all who come after it; so it gives up soon and comes again.
    private func applyNextPatiently(_ database: Database) async throws -> Migration? {
        for _ in 1..<Self.attemptsMax {
            do {
                return try await applyNext(database)
            } catch let error as PostgresError where error.sqlState == Self.lockNotAvailable {
                logger.notice("a migration waits for a table that is in use", metadata: ["error": "\(error)"])
                try await Task.sleep(for: .milliseconds(500))
            }
        }
        return try await applyNext(database)
    }

    private static let attemptsMax = 60
    private static let lockNotAvailable = "55P03"

    private func applyNext(_ database: Database) async throws -> Migration? {
        try await database.transaction { transaction in
            try await MigrationStore.lock(transaction)
            try await MigrationStore.limitLockWait(transaction, milliseconds: lockWaitMilliseconds)
            try await MigrationStore.createTable(transaction)
            guard let migration = try Self.judge(migrations, known: await MigrationStore.all(transaction)).first else { return nil }
            do {
                try await transaction.executeScript(migration.sql)
            } catch let error as PostgresError where !error.isUnavailable && error.sqlState != Self.lockNotAvailable {
                throw MigrationError.failed(migration.number, name: migration.name, reason: "\(error)")
            }
            try await MigrationStore.insert(migration, transaction)
            return migration
        }
    }

    func withDatabase<T>(_ body: (Database) async throws -> T) async throws -> T {
        let database = try Database(settings: settings, logger: logger)
        do {
            let value = try await body(database)
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }
}
