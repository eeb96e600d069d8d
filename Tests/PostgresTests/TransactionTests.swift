import Postgres
import TestKit
import Testing

@Suite("Transactions")
struct TransactionTests {
    private struct Stop: Error {}

    private func withTable(_ body: (Database) async throws -> Void) async throws {
        try await TestDatabase.withDatabase { database in
            try await database.execute("create table t (n int primary key)")
            try await body(database)
        }
    }

    private func numbers(_ database: Database) async throws -> [Int] {
        try await database.all("select n from t order by n") { try $0.int(0) }
    }

    @Test("a transaction commits when its body returns and rolls back when it throws")
    func ends() async throws {
        try await withTable { database in
            let value = try await database.transaction { transaction in
                try await transaction.execute("insert into t values ($1)", [.int(1)])
                return "done"
            }
            #expect(value == "done")
            await #expect(throws: Stop.self) {
                try await database.transaction { transaction in
                    try await transaction.execute("insert into t values ($1)", [.int(2)])
                    throw Stop()
                }
            }
            let stored = try await numbers(database)
            #expect(stored == [1])
        }
    }

    @Test("nobody else sees what is not committed")
    func isolation() async throws {
        try await withTable { database in
            try await database.transaction { transaction in
                try await transaction.execute("insert into t values (1)")
                let seen = try await numbers(database)
                #expect(seen == [])
                let level = try await transaction.first("show transaction isolation level") { try $0.text(0) }
                #expect(level == "read committed")
            }
            let level = try await database.transaction(isolation: .serializable) { transaction in
                try await transaction.first("show transaction isolation level") { try $0.text(0) }
            }
            #expect(level == "serializable")
        }
    }

    @Test("a body that swallows a failed statement's error learns at the end that nothing was stored")
    func swallowedError() async throws {
        try await withTable { database in
            let error = await #expect(throws: PostgresError.self) {
                try await database.transaction { transaction in
                    try await transaction.execute("insert into t values (1)")
                    _ = try? await transaction.execute("selec")
                }
            }
            #expect(error?.sqlState == "25P02")
            let stored = try await numbers(database)
            #expect(stored == [])
        }
    }

    @Test("a first statement that can't even be prepared leaves no open transaction behind")
    func firstStatementFails() async throws {
        try await withTable { database in
            for _ in 0..<20 {
                await #expect(throws: PostgresError.self) { try await database.transaction { try await $0.execute("selec") } }
            }
            let openCount = try await database.first(
                "select count(*) from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()"
            ) { try $0.int(0) }
            #expect(openCount == 0)
        }
    }

    @Test("a transaction without statements, and one used after its end")
    func emptyAndLate() async throws {
        try await withTable { database in
            let leaked = try await database.transaction { $0 }
            let error = await #expect(throws: PostgresError.self) { try await leaked.execute("insert into t values (1)") }
            #expect(error?.isUnavailable == true)
            let stored = try await numbers(database)
            #expect(stored == [])
        }
    }

    @Test("statements of one transaction may run side by side")
    func concurrentStatements() async throws {
        try await withTable { database in
            try await database.transaction { transaction in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<20 {
                        group.addTask { try await transaction.execute("insert into t values ($1)", [.int(number)]) }
                    }
                    try await group.waitForAll()
                }
            }
            let stored = try await numbers(database)
            #expect(stored == Array(0..<20))
        }
    }

    @Test("two writers that contradict each other: one gets a conflict that says to try again")
    func serializationFailure() async throws {
        try await withTable { database in
            let error = await #expect(throws: PostgresError.self) {
                try await database.transaction(isolation: .serializable) { one in
                    _ = try await one.first("select count(*) from t") { try $0.int(0) }
                    try await database.transaction(isolation: .serializable) { other in
                        _ = try await other.first("select count(*) from t") { try $0.int(0) }
                        try await other.execute("insert into t values (1)")
                    }
                    try await one.execute("insert into t values (2)")
                }
            }
            #expect(error?.isRetryableConflict == true)
        }
    }

    @Test("a script of several statements runs inside the transaction, and named statements work after it")
    func script() async throws {
        try await withTable { database in
            try await database.transaction { transaction in
                try await transaction.executeScript("insert into t values (1); insert into t values (2);\n-- nothing\n")
                try await transaction.execute("insert into t values ($1)", [.int(3)])
            }
            await #expect(throws: PostgresError.self) {
                try await database.transaction { try await $0.executeScript("insert into t values (4); selec;") }
            }
            let stored = try await numbers(database)
            #expect(stored == [1, 2, 3])
        }
    }
}
