import Glibc
import Logging
import Postgres
import Synchronization

/// A fresh, migrated database per call, cloned from a template, in one private cluster per test run.
package enum TestDatabase {
    private static let run = TestCluster()

    /// - Parameters: bounds for tests of the pool itself.
    /// - Returns: a database of the caller's own and how to reach it. Close it when done; its data disappears with the run.
    package static func make(
        connectionsMax: Int = 8, preparedStatements: Bool = true, adjust: (inout PostgresSettings) -> Void = { _ in }
    ) async throws -> (database: Database, connectionString: String) {
        let connectionString = try await run.clone()
        var settings = PostgresSettings(connectionString: connectionString)
        settings.connectionsMax = connectionsMax
        settings.preparedStatements = preparedStatements
        // Many tests share the machine: a connection may be long in coming.
        settings.waitMax = .seconds(60)
        settings.connectTimeMax = .seconds(60)
        adjust(&settings)
        let database = try Database(settings: settings, logger: .quiet)
        database.start()
        return (database, connectionString)
    }

    /// Runs `body` with a database of its own and closes it afterwards.
    package static func withDatabase<T>(_ body: (Database) async throws -> T) async throws -> T {
        let (database, _) = try await make()
        do {
            let value = try await body(database)
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }

    /// An empty database without our migrations.
    package static func makeEmpty() async throws -> String {
        try await run.empty()
    }
}

/// The run's cluster and template, started by the first suite that asks.
private actor TestCluster {
    private struct Started: Sendable {
        let cluster: PrivateCluster
        let admin: Database
    }

    private var starting: Task<Started, any Error>?
    private var count = 0

    func clone() async throws -> String { try await create(template: "gatehouse") }

    func empty() async throws -> String { try await create(template: "template0") }

    private func create(template: String) async throws -> String {
        let started = try await start()
        count += 1
        let name = "test_\(count)"
        try await started.admin.execute("create database \(name) template \(template)")
        return started.cluster.connectionString.replacing("dbname=gatehouse", with: "dbname=\(name)")
    }

    private func start() async throws -> Started {
        if let starting { return try await starting.value }
        let task = Task {
            TestRemains.sweep()
            let cluster = try await PrivateCluster.start(directory: TestRemains.directory, durable: false, logger: .quiet)
            TestRemains.removeAtExit(cluster)
            let settings = PostgresSettings(connectionString: cluster.connectionString)
            let migrations = try Migration.load(directory: Checkout.path("Migrations"))
            try await Migrator(migrations: migrations, settings: settings, logger: .quiet).migrate()
            // Nobody may be connected to a template while it's copied, so that the copies are ordered from another database.
            var adminSettings = settings
            adminSettings.connectionString = settings.connectionString.replacing("dbname=gatehouse", with: "dbname=postgres")
            adminSettings.connectionsMax = 1
            // Every statement is another one, and CREATE DATABASE must not follow the deallocation of an older.
            adminSettings.preparedStatements = false
            adminSettings.waitMax = .seconds(60)
            adminSettings.queryTimeMax = .seconds(60)
            return Started(cluster: cluster, admin: try Database(settings: adminSettings, logger: .quiet))
        }
        starting = task
        return try await task.value
    }
}

extension Logger {
    /// Says nothing.
    package static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
