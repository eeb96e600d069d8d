import FoundationEssentials
import Postgres
import TestKit
import Testing

@Suite("Database")
struct DatabaseTests {
    @Test("a statement with a parameter comes back decoded")
    func roundTrip() async throws {
        try await TestDatabase.withDatabase { database in
            let value = try await database.first("select $1::text, $2", [.text("grüß"), .int(7)]) { row in
                (try row.text(0), try row.int(1))
            }
            #expect(value?.0 == "grüß")
            #expect(value?.1 == 7)
        }
    }

    @Test("a transaction commits when its body returns and rolls back when it throws")
    func transactions() async throws {
        struct Stop: Error {}
        try await TestDatabase.withDatabase { database in
            try await database.execute("create table t (n int primary key)")
            try await database.transaction { transaction in
                let insertedCount = try await transaction.execute("insert into t values ($1)", [.int(1)])
                #expect(insertedCount == 1)
            }
            await #expect(throws: Stop.self) {
                try await database.transaction { transaction in
                    try await transaction.execute("insert into t values ($1)", [.int(2)])
                    throw Stop()
                }
            }
            let numbers = try await database.all("select n from t") { try $0.int(0) }
            #expect(numbers == [1])
        }
    }
}
