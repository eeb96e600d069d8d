import FoundationEssentials
import Postgres
import TestKit
import Testing

@Suite("Statements")
struct DatabaseTests {
    @Test("a statement without rows, with rows, and with a count of what it changed")
    func results() async throws {
        try await TestDatabase.withDatabase { database in
            try await database.execute("create table t (n int primary key)")
            let insertedCount = try await database.execute("insert into t select generate_series(1, 1000)")
            #expect(insertedCount == 1_000)
            let numbers = try await database.all("select n from t where n > $1 order by n", [.int(997)]) { try $0.int(0) }
            #expect(numbers == [998, 999, 1_000])
            let none = try await database.first("select n from t where n = 0") { try $0.int(0) }
            #expect(none == nil)
            let updatedCount = try await database.execute("update t set n = n where n < 3")
            #expect(updatedCount == 2)
        }
    }

    @Test("what decode throws reaches the caller, and the connection serves on")
    func decodeThrows() async throws {
        struct Stop: Error {}
        try await TestDatabase.withDatabase { database in
            await #expect(throws: Stop.self) { try await database.all("select 1") { _ in throw Stop() } }
            let answer = try await database.first("select 1") { try $0.int(0) }
            #expect(answer == 1)
        }
    }

    @Test("a server error carries its state, message and constraint")
    func serverErrors() async throws {
        try await TestDatabase.withDatabase { database in
            try await database.execute("create table t (n int constraint t_n_key unique)")
            try await database.execute("insert into t values (1)")
            let duplicate = await #expect(throws: PostgresError.self) { try await database.execute("insert into t values ($1)", [.int(1)]) }
            #expect(duplicate?.violatesUnique("t_n_key") == true)
            #expect(duplicate?.violatesUnique("other") == false)
            #expect(duplicate?.violatesUnique() == true)
            #expect(duplicate?.isUnavailable == false)
            #expect("\(duplicate as Any)".contains("(1)") == false, "DETAIL quotes stored values and stays out")
            let syntax = await #expect(throws: PostgresError.self) { try await database.execute("selec 1") }
            #expect(syntax?.sqlState == "42601")
            let several = await #expect(throws: PostgresError.self) { try await database.execute("select 1; select 2") }
            #expect(several?.sqlState == "42601")
            let copy = await #expect(throws: PostgresError.self) { try await database.execute("copy t to stdout") }
            #expect(copy != nil)
            let count = try await database.first("select count(*) from t") { try $0.int(0) }
            #expect(count == 1)
        }
    }

    @Test("more statements than a connection keeps prepared")
    func manyStatements() async throws {
        let (database, _) = try await TestDatabase.make(connectionsMax: 1)
        for round in 0..<2 {
            for number in 0..<300 {
                let answer = try await database.first("select \(number) + $1", [.int(round)]) { try $0.int(0) }
                #expect(answer == number + round)
            }
        }
        let keptCount = try await database.first("select count(*) from pg_prepared_statements") { try $0.int(0) } ?? 0
        #expect(keptCount <= 256)
        await database.close()
    }

    @Test("a text used with other types is another statement")
    func otherTypes() async throws {
        try await TestDatabase.withDatabase { database in
            for value in [PostgresValue.text("a"), .int(1), .bool(false), .text("b"), .optionalInt(nil)] {
                let type = try await database.first("select pg_typeof($1)::text", [value]) { try $0.text(0) }
                #expect(type != nil)
            }
        }
    }

    @Test("prepared statements survive a changed table and a server that forgot them")
    func forgottenStatements() async throws {
        let (database, _) = try await TestDatabase.make(connectionsMax: 1)
        try await database.execute("create table t (a int)")
        try await database.execute("insert into t values (1)")
        let before = try await database.first("select * from t") { $0.count }
        try await database.execute("alter table t add b int")
        let after = try await database.first("select * from t") { $0.count }
        #expect(before == 1)
        #expect(after == 2)
        try await database.execute("deallocate all")
        let again = try await database.first("select * from t") { $0.count }
        #expect(again == 2)
        await database.close()
    }

    @Test("without named statements everything works the same")
    func unnamed() async throws {
        let (database, _) = try await TestDatabase.make(connectionsMax: 1, preparedStatements: false)
        for number in 0..<3 {
            let answer = try await database.first("select $1, current_setting('statement_timeout')", [.int(number)]) {
                (try $0.int(0), try $0.text(1))
            }
            #expect(answer?.0 == number)
            #expect(answer?.1 == "10s")
        }
        let keptCount = try await database.first("select count(*) from pg_prepared_statements") { try $0.int(0) }
        #expect(keptCount == 0)
        try await database.transaction { try await $0.execute("create table t (n int)") }
        await database.close()
    }

    @Test("a session runs in UTC under our name with a statement time-out")
    func sessionSettings() async throws {
        try await TestDatabase.withDatabase { database in
            let settings = try await database.first(
                "select current_setting('timezone'), current_setting('application_name'), current_setting('statement_timeout')"
            ) { row in try (0..<3).map { try row.text($0) } }
            #expect(settings == ["UTC", "gatehouse", "10s"])
        }
    }

    @Test("many tasks at once share a few connections")
    func manyTasks() async throws {
        try await TestDatabase.withDatabase { database in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<500 {
                    group.addTask { try await database.first("select $1", [.int(number)]) { try $0.int(0) } ?? -1 }
                }
                var sum = 0
                for try await number in group { sum += number }
                #expect(sum == 500 * 499 / 2)
            }
        }
    }

    @Test("settings and errors never print the connection string")
    func secrets() throws {
        let settings = PostgresSettings(connectionString: "postgres://u:geheim@h/d")
        #expect(!"\(settings)\(String(reflecting: settings))".contains("geheim"))
        let error = #expect(throws: PostgresError.self) {
            try Database(settings: PostgresSettings(connectionString: "postgres://u:geheim@h:x/d?y"), logger: .quiet)
        }
        #expect(!"\(error as Any)".contains("geheim"))
    }
}
