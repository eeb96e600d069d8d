import FoundationEssentials
import TestKit
import Testing

@testable import Postgres

@Suite("Migrator")
struct MigratorTests {
    private static let migrations = [
        Migration(number: 1, name: "people", sql: "create table people (id int primary key); insert into people values (1);"),
        Migration(number: 2, name: "names", sql: "alter table people add name text not null default '';\n"),
        Migration(number: 3, name: "more", sql: "insert into people values (2, 'x')"),
    ]

    private func migrator(_ migrations: [Migration], _ connectionString: String) -> Migrator {
        Migrator(migrations: migrations, settings: PostgresSettings(connectionString: connectionString), logger: .quiet)
    }

    private func rowCount(_ connectionString: String) async throws -> Int? {
        let database = try Database(settings: PostgresSettings(connectionString: connectionString), logger: .quiet)
        let count = try await database.first("select count(*) from people") { try $0.int(0) }
        await database.close()
        return count
    }

    @Test("migrations are applied once, in order, and later ones join")
    func appliesOnce() async throws {
        let connectionString = try await TestDatabase.makeEmpty()
        let first = migrator(Array(Self.migrations.prefix(2)), connectionString)
        #expect(try await first.plan().map(\.number) == [1, 2])
        #expect(try await first.migrate().map(\.number) == [1, 2])
        #expect(try await first.migrate() == [])
        let all = migrator(Self.migrations, connectionString)
        #expect(try await all.plan().map(\.number) == [3])
        #expect(try await all.migrate().map(\.number) == [3])
        #expect(try await rowCount(connectionString) == 2)
    }

    @Test("no migration at all is fine")
    func none() async throws {
        let connectionString = try await TestDatabase.makeEmpty()
        #expect(try await migrator([], connectionString).migrate() == [])
        #expect(try Migration.load(directory: "/nonexistent") == [])
    }

    @Test("ten nodes migrate at once: each migration is applied by exactly one")
    func tenAtOnce() async throws {
        let connectionString = try await TestDatabase.makeEmpty()
        let applied = try await withThrowingTaskGroup(of: [Migration].self) { group in
            for _ in 0..<10 { group.addTask { try await migrator(Self.migrations, connectionString).migrate() } }
            return try await group.reduce(into: []) { $0 += $1.map(\.number) }
        }
        #expect(applied.sorted() == [1, 2, 3])
        #expect(try await rowCount(connectionString) == 2)
    }

    @Test("an applied migration whose text has changed is refused")
    func changed() async throws {
        let connectionString = try await TestDatabase.makeEmpty()
        try await migrator(Self.migrations, connectionString).migrate()
        var edited = Self.migrations
        edited[1] = Migration(number: 2, name: "names", sql: edited[1].sql + " ")
        await #expect(throws: MigrationError.changed(2)) { try await migrator(edited, connectionString).migrate() }
        await #expect(throws: MigrationError.changed(2)) { try await migrator(edited, connectionString).plan() }
    }

    @Test("a database that a newer program has migrated is refused")
    func newer() async throws {
        let connectionString = try await TestDatabase.makeEmpty()
        try await migrator(Self.migrations, connectionString).migrate()
        let older = migrator(Array(Self.migrations.prefix(1)), connectionString)
        await #expect(throws: MigrationError.databaseIsNewer(3)) { try await older.migrate() }
    }

    @Test("a migration that fails leaves nothing of itself behind")
    func failing() async throws {
        let connectionString = try await TestDatabase.makeEmpty()
        let wrong = Migration(number: 2, name: "wrong", sql: "insert into people values (7); selec;")
        let error = await #expect(throws: MigrationError.self) {
            try await migrator([Self.migrations[0], wrong], connectionString).migrate()
        }
        guard case .failed(2, "wrong", let reason) = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(reason.contains("42601"))
        #expect(try await rowCount(connectionString) == 1)
        #expect(try await migrator(Self.migrations, connectionString).migrate().map(\.number) == [2, 3])
    }

    @Test("a missing, a doubled and a misnamed number are refused")
    func numbers() throws {
        let one = Self.migrations[0]
        let three = Self.migrations[2]
        #expect(throws: MigrationError.gap(2)) { try Migration.checkNumbers([one, three]) }
        #expect(throws: MigrationError.duplicated(1)) { try Migration.checkNumbers([one, one]) }
        #expect(throws: MigrationError.gap(1)) {
            try Migrator.judge(Self.migrations, known: [MigrationStore.Record(number: 3, checksum: three.checksum)])
        }
        let directory = "/tmp/gatehouse-migrations-\(ProcessInfo.processInfo.processIdentifier)"
        let files = FileManager.default
        try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? files.removeItem(atPath: directory) }
        try Data("select 1".utf8).write(to: URL(filePath: "\(directory)/0001_one_thing.sql"))
        #expect(try Migration.load(directory: directory) == [Migration(number: 1, name: "one_thing", sql: "select 1")])
        try Data().write(to: URL(filePath: "\(directory)/2_two.sql"))
        #expect(throws: MigrationError.misnamed("2_two.sql")) { try Migration.load(directory: directory) }
    }

    @Test("a database that can't be reached is unavailable")
    func unreachable() async throws {
        let error = await #expect(throws: PostgresError.self) { try await migrator(Self.migrations, "host=/nonexistent").migrate() }
        #expect(error?.isUnavailable == true)
    }
}
