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
        await #expect(throws: MigrationError.databaseIsNewer(2)) { try await older.migrate() }
    }

    @Test("an older program goes on as long as what came later serves it")
    func servesOlder() async throws {
        let connectionString = try await TestDatabase.makeEmpty()
        let old = Array(Self.migrations.prefix(2))
        let expand = Migration(number: 3, name: "mail", sql: "-- expand: a column\nalter table people add mail text;")
        let contract = Migration(number: 4, name: "no_names", sql: "-- contract from 0003: nobody reads it\nalter table people drop name;")
        #expect(expand.reach == .expand && contract.reach == .from(3) && old[0].reach == .from(1))
        try await migrator(old + [expand], connectionString).migrate()
        #expect(try await migrator(old, connectionString).migrate() == [])
        #expect(try await migrator(old, connectionString).plan() == [])
        // Still not one whose newest is older than what the last that takes away asks for.
        try await migrator(old + [expand, contract], connectionString).migrate()
        await #expect(throws: MigrationError.databaseIsNewer(4)) { try await migrator(old, connectionString).migrate() }
        #expect(try await migrator(old + [expand], connectionString).migrate() == [])
    }

    @Test("a database that was migrated before migrations told whom they serve is brought up")
    func withoutReach() async throws {
        let connectionString = try await TestDatabase.makeEmpty()
        try await migrator(Array(Self.migrations.prefix(1)), connectionString).migrate()
        let database = try Database(settings: PostgresSettings(connectionString: connectionString), logger: .quiet)
        try await database.execute("alter table schema_migrations drop column serves_from")
        #expect(try await migrator(Self.migrations, connectionString).plan().map(\.number) == [2, 3])
        #expect(try await migrator(Self.migrations, connectionString).migrate().map(\.number) == [2, 3])
        let known = try await database.all("select serves_from from schema_migrations order by number") { try $0.optionalInt(0) }
        #expect(known == [nil, 2, 3])
        await database.close()
    }

    @Test("a migration gives way to a table in use, and comes again")
    func givesWay() async throws {
        let connectionString = try await TestDatabase.makeEmpty()
        try await migrator(Array(Self.migrations.prefix(1)), connectionString).migrate()
        let database = try Database(settings: PostgresSettings(connectionString: connectionString), logger: .quiet)
        let migrating = try await database.transaction { transaction in
            try await transaction.execute("select * from people")
            var hasty = migrator(Self.migrations, connectionString)
            hasty.lockWaitMilliseconds = 50
            let task = Task { [hasty] in try await hasty.migrate().map(\.number) }
            func waitingCount() async throws -> Int? {
                try await database.first(
                    """
                    select count(*) from pg_stat_activity
                    where datname = current_database() and wait_event_type = 'Lock' and query like 'alter table people%'
                    """
                ) { try $0.int(0) }
            }
            try await eventually("the migration to wait") { try await waitingCount() == 1 }
            // Who comes after it reads on: it has left its place in the queue.
            try await eventually("the migration to give way") { try await waitingCount() == 0 }
            return task
        }
        #expect(try await migrating.value == [2, 3])
        await database.close()
    }

    @Test(
        "a first line that is nearly a mark is refused",
        arguments: [
            "-- expanding", "-- expand and contract", "-- contract", "-- contract from 3", "-- contract from 0009: x",
            "-- contract to 0001",
        ])
    func mismarked(_ line: String) {
        #expect(MigrationReach.read(line + "\nselect 1", number: 5) == nil)
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
