import FoundationEssentials
import OAuthProtocol
import Postgres
import Runtime
import TestKit
import Testing

@testable import Credentials

@Suite struct ReplayGuardTests {
    private let now = Date(timeIntervalSince1970: 1_767_225_600)

    private func proof(_ nonce: String, keyID: String = "k", signedAt: Date? = nil) -> ReplayProof {
        ReplayProof(.messageSignature, keyID: keyID, nonce: nonce, signedAt: signedAt ?? now)
    }

    /// How many of these are fresh, all asked at once.
    private func freshCount(_ guards: [ReplayGuard], _ proofs: [ReplayProof]) async throws -> Int {
        let now = now
        return try await withThrowingTaskGroup(of: ReplayVerdict.self) { group in
            for (index, proof) in proofs.enumerated() {
                let one = guards[index % guards.count]
                group.addTask { try await one.check(proof, now: now) }
            }
            return try await group.reduce(0) { $0 + ($1 == .fresh ? 1 : 0) }
        }
    }

    private func tables(_ database: Database) async throws -> [ReplayPartition] {
        try await database.all("select relname::text from pg_class where relkind = 'r' and relname like 'replay!_proofs!_%' escape '!'") {
            ReplayPartition(table: try $0.text(0))
        }.compactMap { $0 }.sorted()
    }

    @Test func `a proof is fresh once, whatever comes at the same time`() async throws {
        try await TestDatabase.withDatabase { database async throws in
            let replay = ReplayGuard(database: database)
            #expect(try await freshCount([replay], (0..<500).map { proof("n\($0)") }) == 500)
            #expect(try await freshCount([replay], (0..<500).map { _ in proof("same") }) == 1)
            #expect(try await freshCount([replay], (0..<500).map { proof("n\($0 + 250)") }) == 250)
        }
    }

    /// Asks about these in order while the table is locked and one check is being written, so that they go together in one statement.
    private func together(
        _ replay: ReplayGuard, _ proofs: [ReplayProof], of database: Database, _ body: (Transaction) async throws -> Void = { _ in }
    ) async throws -> [Result<ReplayVerdict, any Error>] {
        let now = now
        let tasks = try await database.transaction { transaction in
            try await transaction.execute("lock table replay_proofs in access exclusive mode")
            let written = Task { try await replay.check(proof("being written"), now: now) }
            try await eventually("the first is being written") { replay.isBusy && replay.waitingCount == 0 }
            var tasks = [written]
            for (index, proof) in proofs.enumerated() {
                tasks.append(Task { try await replay.check(proof, now: now) })
                try await eventually("\(index) waits") { replay.waitingCount == index + 1 }
            }
            try await body(transaction)
            return tasks
        }
        var results: [Result<ReplayVerdict, any Error>] = []
        for task in tasks.dropFirst() { results.append(await task.result) }
        return results
    }

    @Test func `of one proof twice in a statement the first is fresh, the second replayed`() async throws {
        try await TestDatabase.withDatabase { database async throws in
            let replay = ReplayGuard(database: database)
            #expect(try await replay.check(proof("old"), now: now) == .fresh)
            let asked = ["a", "old", "b", "a", "being written", "b"].map { proof($0) }
            let verdicts = try await together(replay, asked, of: database).map { try $0.get() }
            #expect(verdicts == [.fresh, .replayed, .fresh, .replayed, .replayed, .replayed])
            #expect(try await database.first("select count(*) from replay_proofs") { try $0.int(0) } == 4)
        }
    }

    @Test func `a statement that fails lets none of its proofs through`() async throws {
        try await TestDatabase.withDatabase { database async throws in
            let replay = ReplayGuard(database: database)
            #expect(try await replay.check(proof("old"), now: now) == .fresh)
            let results = try await together(replay, ["a", "b", "old"].map { proof($0) }, of: database) { transaction in
                try await transaction.execute("alter table replay_proofs rename to elsewhere")
            }
            #expect(results.count == 3)
            for result in results {
                let error = #expect(throws: OAuthError.self) { try result.get() }
                #expect(error?.code == .temporarilyUnavailable)
            }
            try await database.execute("alter table elsewhere rename to replay_proofs")
            // Nothing of it was written.
            #expect(try await replay.check(proof("a"), now: now) == .fresh)
        }
    }

    @Test func `one replay alone is told from a store that was emptied`() async throws {
        try await TestDatabase.withDatabase { database async throws in
            let replay = ReplayGuard(database: database)
            #expect(try await replay.check(proof("a"), now: now) == .fresh)
            #expect(try await replay.check(proof("a"), now: now) == .replayed)
            #expect(try await database.first("select began_at from replay_epochs") { try $0.date(0) } == Date(timeIntervalSince1970: 0))
        }
    }

    @Test func `the plan of the statement does not hang on how many proofs it carries`() async throws {
        // One connection, so that it is the one that is asked.
        let (database, _) = try await TestDatabase.make(connectionsMax: 1)
        let replay = ReplayGuard(database: database)
        for number in 0..<12 { #expect(try await replay.check(proof("n\(number)"), now: now) == .fresh) }
        let plans = try await database.first(
            "select custom_plans, generic_plans from pg_prepared_statements where statement like 'with epoch%'"
        ) { (custom: try $0.int(0), kept: try $0.int(1)) }
        // PostgreSQL plans a statement five times before it compares.
        #expect((plans?.custom ?? 9) <= 5 && (plans?.kept ?? 0) >= 7, "\(String(describing: plans))")
        await database.close()
    }

    @Test func `two nodes with the same proofs in different orders let each through once`() async throws {
        let (first, connectionString) = try await TestDatabase.make()
        let second = try Database(settings: PostgresSettings(connectionString: connectionString), logger: .quiet)
        let guards = [ReplayGuard(database: first), ReplayGuard(database: second)]
        let proofs = (0..<300).map { proof("n\($0)") }
        #expect(try await freshCount(guards, proofs + proofs.reversed() + proofs) == 300)
        await first.close()
        await second.close()
    }

    @Test func `key, nonce, kind and signed time tell proofs apart`() async throws {
        try await TestDatabase.withDatabase { database async throws in
            let proofs = [
                proof("n"), proof("n", keyID: "other"), proof("m"), proof("n", signedAt: now - .seconds(1)), proof("", keyID: "kn"),
                ReplayProof(.dpop, keyID: "k", nonce: "n", signedAt: now),
            ]
            #expect(try await freshCount([ReplayGuard(database: database)], proofs) == proofs.count)
        }
    }

    @Test func `what the store does not remember is not taken for new`() async throws {
        try await TestDatabase.withDatabase { database async throws in
            let replay = ReplayGuard(database: database)
            #expect(try await replay.check(proof("a", signedAt: now - .seconds(301)), now: now) == .outsideWindow)
            #expect(try await replay.check(proof("a", signedAt: now + .seconds(11)), now: now) == .outsideWindow)
            #expect(try await replay.check(proof("a", signedAt: now - .seconds(300)), now: now) == .fresh)
            #expect(try await replay.check(proof("a", signedAt: now + .seconds(10)), now: now) == .fresh)
        }
    }

    @Test func `after a crash, proofs signed before it are refused`() async throws {
        try await TestDatabase.withDatabase { database in
            let replay = ReplayGuard(database: database)
            #expect(try await replay.check(proof("before"), now: now) == .fresh)
            // What recovery does to unlogged tables.
            try await database.execute("delete from replay_proofs")
            try await database.execute("delete from replay_epochs")
            #expect(try await replay.check(proof("before"), now: now) == .beforeRecovery)
            // It may have been used before the crash as well, by a signer whose clock is ahead.
            #expect(try await replay.check(proof("ahead", signedAt: now + .seconds(10)), now: now) == .beforeRecovery)
            let later = now + .seconds(11)
            #expect(try await replay.check(proof("before"), now: later) == .replayed)
            #expect(try await replay.check(proof("after", signedAt: later), now: later) == .fresh)
        }
    }

    @Test func `recovery empties the marker together with the proofs`() async throws {
        try await TestDatabase.withDatabase { database in
            _ = try await ReplayGuard(database: database).check(proof("a"), now: now)
            let logged = try await database.all(
                """
                select relname::text from pg_class
                where relname like 'replay!_%' escape '!' and relkind = 'r' and relpersistence <> 'u'
                """
            ) { try $0.text(0) }
            #expect(logged == [])
        }
    }

    @Test func `without the database a proof is neither new nor old`() async throws {
        let (database, _) = try await TestDatabase.make()
        let replay = ReplayGuard(database: database)
        #expect(try await replay.check(proof("a"), now: now) == .fresh)
        await database.close()
        let error = await #expect(throws: OAuthError.self) { try await replay.check(proof("b"), now: now) }
        #expect(error?.code == .temporarilyUnavailable)
        #expect(error?.retryAfter != nil)
    }

    @Test func `a full queue is busy, and forgets nobody`() async throws {
        try await TestDatabase.withDatabase { database in
            let replay = ReplayGuard(database: database, waitingMax: 2)
            #expect(try await replay.check(proof("first"), now: now) == .fresh)
            let verdicts = try await database.transaction { transaction in
                try await transaction.execute("lock table replay_proofs in access exclusive mode")
                let written = Task { try await replay.check(proof("a"), now: now) }
                try await eventually("the first is being written") { replay.isBusy && replay.waitingCount == 0 }
                let waiting = ["b", "c"].map { nonce in Task { try await replay.check(proof(nonce), now: now) } }
                try await eventually("two wait") { replay.waitingCount == 2 }
                let error = await #expect(throws: OAuthError.self) { try await replay.check(proof("d"), now: now) }
                #expect(error?.code == .temporarilyUnavailable)
                return [written] + waiting
            }
            for verdict in verdicts { #expect(try await verdict.value == .fresh) }
        }
    }

    @Test func `partitions are attached ahead and dropped after use`() async throws {
        try await TestDatabase.withDatabase { database in
            let replay = ReplayGuard(database: database)
            #expect(try await tables(database) == [])
            try await ReplayPartitionJob.run(database, now: now)
            let first = try await tables(database)
            #expect(first == ReplayPartition.needed(now: now))
            #expect(try await replay.check(proof("a"), now: now) == .fresh)

            let later = now + .seconds(600)
            try await ReplayPartitionJob.run(database, now: later)
            let second = try await tables(database)
            #expect(second.first.map { $0.end } ?? 0 >= (later - ReplayWindow.ageMax).numericDate - 60)
            #expect(Set(second).isSuperset(of: ReplayPartition.needed(now: later)))
            #expect(!second.contains(ReplayPartition(holding: now - ReplayWindow.ageMax)))
            #expect(try await database.first("select count(*) from replay_proofs") { try $0.int(0) } == 0)
            // Twice, and by two nodes at once.
            async let one: Void = ReplayPartitionJob.run(database, now: later + .seconds(600))
            async let other: Void = ReplayPartitionJob.run(database, now: later + .seconds(600))
            _ = try await (one, other)
            #expect(try await tables(database).first.map { $0 > second[0] } == true)
        }
    }

    @Test func `a partition that is still needed stays`() async throws {
        try await TestDatabase.withDatabase { database in
            let replay = ReplayGuard(database: database)
            #expect(try await replay.check(proof("a"), now: now) == .fresh)
            let later = now + ReplayWindow.ageMax
            try await ReplayPartitionJob.run(database, now: later)
            #expect(try await replay.check(proof("a"), now: later) == .replayed)
        }
    }

    @Test func `a detached partition that nobody dropped is dropped later`() async throws {
        try await TestDatabase.withDatabase { database in
            try await ReplayPartitionJob.run(database, now: now)
            let first = try #require(try await tables(database).first)
            try await database.execute("alter table replay_proofs detach partition \(first.table)")
            try await ReplayPartitionJob.run(database, now: now + .seconds(1_200))
            #expect(try await tables(database).contains(first) == false)
        }
    }
}
