import FoundationEssentials
import Postgres
import Runtime
import TestKit
import Testing

@testable import Keys

@Suite struct ReencryptionTests {
    private static let byName = SealedTable("vault", columns: ["a", "b"], row: "id")
    private static let byUUID = SealedTable("chest", columns: ["a"], row: "id", rowType: .uuid)

    private let randomness = SystemRandomness()
    private let old = MasterKeys.generate(keyID: "old", randomness: SystemRandomness())
    private let new = MasterKeys.generate(keyID: "new", randomness: SystemRandomness())
    private let both: MasterKeys

    init() throws {
        both = try MasterKeys(parsing: "\(new.text),\(old.text)")
    }

    private func reencryption(_ database: Database, _ keys: MasterKeys) -> Reencryption {
        Reencryption(database, tables: [Self.byName, Self.byUUID], masterKeys: keys, randomness: randomness)
    }

    private func seal(_ column: String, _ row: String, in table: String = "vault", with keys: MasterKeys) throws -> [UInt8] {
        try keys.seal(Array("\(column) of \(row)".utf8), table: table, column: column, row: row, randomness: randomness)
    }

    private func withTables(_ body: (Database) async throws -> Void) async throws {
        try await TestDatabase.withDatabase { database in
            try await database.execute("create table vault (id text primary key, a bytea, b bytea)")
            try await database.execute("create table chest (id uuid primary key, a bytea)")
            try await body(database)
        }
    }

    private func insert(_ row: String, _ a: [UInt8]?, _ b: [UInt8]?, _ database: some Queryable) async throws {
        try await database.execute(
            "insert into vault values ($1, $2, $3)", [.text(row), .optionalBytes(a), .optionalBytes(b)])
    }

    @Test func `more than one batch moves, empty columns stay empty, and the old key can go`() async throws {
        try await withTables { database in
            try await database.transaction { transaction in
                for number in 0..<450 {
                    let row = "row \(number)"
                    try await insert(row, try seal("a", row, with: old), number % 2 == 0 ? try seal("b", row, with: old) : nil, transaction)
                }
            }
            var reports: [Reencryption.Progress] = []
            let remainder = try await reencryption(database, both).run { reports.append($0) }
            #expect(remainder == [])
            #expect(reports.map(\.done) == [200, 400, 450])
            #expect(reports.allSatisfy { $0.table == "vault" && $0.total == 450 })
            #expect(try await Reencryption.countValues([Self.byName], database) == ["new": 675])
            let (count, unopened) = try await reencryption(database, new).check()
            #expect(count == 675)
            #expect(unopened == [])
        }
    }

    @Test func `a row is named as it was when it was sealed, also by a uuid`() async throws {
        try await withTables { database in
            let id = randomness.uuid(at: Date(timeIntervalSince1970: 0))
            let row = id.uuidString.lowercased()
            let sealed = try seal("a", row, in: "chest", with: old)
            try await database.execute("insert into chest values ($1, $2)", [.uuid(id), .bytes(sealed)])
            #expect(try await reencryption(database, both).run() == [])
            let moved = try await database.first("select a from chest") { try $0.bytes(0) }
            let opened = try new.open(try #require(moved), table: "chest", column: "a", row: row)
            #expect(opened == Array("a of \(row)".utf8))
        }
    }

    @Test func `what can't be opened is left as it is and named, and all others move`() async throws {
        try await withTables { database in
            let lost = MasterKeys.generate(keyID: "lost", randomness: randomness)
            // A value that was moved from another row; one under a key that nobody has; one that is none of ours.
            try await insert("1", try seal("a", "2", with: old), try seal("b", "1", with: old), database)
            try await insert("2", try seal("a", "2", with: lost), try seal("b", "2", with: old), database)
            try await insert("3", [7, 7, 7], try seal("b", "3", with: old), database)
            try await insert("4", try seal("a", "4", with: old), nil, database)
            let remainder = try await reencryption(database, both).run()
            #expect(
                remainder == [
                    .unreadable(table: "vault", column: "a", row: "1"), .unknownKey(keyID: "lost"),
                    .unreadable(table: "vault", column: "a", row: "3"),
                ])
            #expect(try await Reencryption.countValues([Self.byName], database) == ["new": 4, "old": 1, "lost": 1, "": 1])
            #expect(try await reencryption(database, both).check().unopened.count == 3)
        }
    }

    @Test func `a row that somebody holds is passed over first and waited for at the end`() async throws {
        try await withTables { database in
            for number in 0..<20 { try await insert("row \(number)", try seal("a", "row \(number)", with: old), nil, database) }
            let (seen, reports) = AsyncStream.makeStream(of: Int.self)
            let run = try await database.transaction { transaction in
                try await transaction.execute("select 1 from vault where id = 'row 3' for update")
                let run = Task { try await reencryption(database, both).run { reports.yield($0.done) } }
                for await done in seen {
                    #expect(done == 19)
                    break
                }
                // Its owner writes what it holds under the key that it knows as the first.
                let sealed = try seal("a", "row 3", with: old)
                try await transaction.execute("update vault set a = $1 where id = 'row 3'", [.bytes(sealed)])
                return run
            }
            #expect(try await run.value == [])
            #expect(try await Reencryption.countValues([Self.byName], database) == ["new": 20])
            #expect(try await reencryption(database, new).check().unopened == [])
        }
    }

    @Test func `many at once move everything once`() async throws {
        try await withTables { database in
            try await database.transaction { transaction in
                for number in 0..<300 { try await insert("\(number)", try seal("a", "\(number)", with: old), nil, transaction) }
            }
            try await withThrowingTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        let remainder = try await reencryption(database, both).run()
                        #expect(remainder == [])
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await Reencryption.countValues([Self.byName], database) == ["new": 300])
        }
    }

    @Test func `a database without the tables has nothing to move`() async throws {
        try await TestDatabase.withDatabase { database async throws in
            #expect(try await reencryption(database, both).run() == [])
            #expect(try await Reencryption.countValues([Self.byName, Self.byUUID], database) == [:])
        }
    }

    @Test func `fingerprints tell keys of one id apart, and tell nothing of the key`() throws {
        let other = MasterKeys.generate(keyID: "old", randomness: randomness)
        let fingerprint = try #require(old.fingerprint(of: "old"))
        #expect(fingerprint == old.fingerprint(of: "old"))
        #expect(fingerprint != other.fingerprint(of: "old"))
        #expect(fingerprint.utf8.count == 16)
        #expect(old.fingerprint(of: "new") == nil)
    }
}
