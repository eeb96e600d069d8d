import FoundationEssentials
import HummingbirdTesting
import Keys
import OAuthProtocol
import Postgres
import Runtime
import TestKit
import Testing

@testable import GatehouseServer

@Suite struct HealthTests {
    private func ready(_ server: TestServer) async throws -> (status: Int, json: JSONValue) {
        let answer = try await server.get("/health/ready")
        return (answer.status.code, answer.json)
    }

    @Test func `a node that can serve says so, and tells nothing else`() async throws {
        try await TestServer.run { server in
            let answer = try await server.get("/health/ready")
            #expect(answer.status == .ok)
            #expect(answer.text == #"{"status":"ready","database":"ok","migrations":"ok","keys":"ok","serving":"ok"}"#)
            #expect(answer.headers[.cacheControl] == "no-store")
            let live = try await server.get("/health/live")
            #expect(live.status == .ok && live.text == #"{"status":"live"}"#)
            #expect(try await server.send(.head, "/health/live").status == .ok)
        }
    }

    @Test func `health is answered whoever asks and however often`() async throws {
        try await TestServer.run(configure: { $0.limits.defaultPerAddress = .init(burst: 1, perMinute: 1) }) { server in
            for _ in 0..<5 {
                let statuses = [try await server.get("/health/ready").status, try await server.get("/health/live").status]
                #expect(statuses == [.ok, .ok])
            }
        }
    }

    @Test func `a node that was told to stop is not ready, and answers all the same`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            server.wiring.leaving.begin()
            let (status, json) = try await ready(server)
            #expect(status == 503)
            #expect(json["serving"]?.string == "stopping" && json["database"]?.string == "ok")
            #expect(try await server.get("/health/live").status == .ok)
            _ = try await server.clientToken()
        }
    }

    @Test func `without the database a node is not ready, and alive`() async throws {
        try await TestServer.run { server in
            await server.database.close()
            let (status, json) = try await ready(server)
            #expect(status == 503)
            #expect(json["status"]?.string == "unready" && json["database"]?.string == "unavailable" && json["keys"]?.string == "ok")
            #expect(try await server.get("/health/live").status == .ok)
        }
    }

    @Test func `a node whose database is behind, or has moved on without it, is not ready`() async throws {
        try await TestServer.run { server in
            func newer(_ number: Int, servesFrom: String) async throws {
                try await server.database.execute(
                    "insert into schema_migrations (number, name, checksum, serves_from) values (\(number), 'x', 'x', \(servesFrom))")
            }
            let own = server.wiring.parts.migrations.count
            try await newer(own + 1, servesFrom: "0")
            #expect(try await ready(server).status == 200)
            try await newer(own + 2, servesFrom: "\(own)")
            #expect(try await ready(server).status == 200)
            try await newer(own + 3, servesFrom: "\(own + 1)")
            #expect(try await ready(server).json["migrations"]?.string == "not served")
            try await server.database.execute("update schema_migrations set serves_from = null where number = \(own + 3)")
            #expect(try await ready(server).status == 503)
            try await server.database.execute("delete from schema_migrations where number >= \(own)")
            #expect(try await ready(server).json["migrations"]?.string == "behind")
            try await server.database.execute("drop table schema_migrations")
            let (status, json) = try await ready(server)
            #expect(status == 503 && json["migrations"]?.string == "behind" && json["database"]?.string == "ok")
        }
    }

    @Test func `a node without signing keys is not ready`() async throws {
        try await TestServer.run { server in
            let wiring = server.wiring
            let empty = KeyRing(
                database: wiring.database, masterKeys: wiring.parts.masterKeys, randomness: wiring.parts.randomness,
                logger: wiring.parts.logger)
            let probe = HealthProbe(
                database: wiring.database, migrations: wiring.parts.migrations, keys: empty, leaving: Leaving(), clock: server.clock)
            #expect(await probe.verdict()[.keys] == "missing")
            #expect(await !probe.verdict().isReady)
        }
    }

    @Test func `nobody waits longer for the answer than is allowed`() async throws {
        try await TestServer.run { server in
            let wiring = server.wiring
            let probe = HealthProbe(
                database: wiring.database, migrations: wiring.parts.migrations, keys: wiring.keys, leaving: Leaving(), clock: server.clock,
                freshFor: .zero, timeMax: .milliseconds(50))
            // A database that takes the question and doesn't answer.
            try await wiring.database.transaction { transaction in
                try await transaction.execute("lock table schema_migrations in access exclusive mode")
                async let one = probe.verdict()
                async let two = probe.verdict()
                let verdicts = await [one, two]
                #expect(verdicts.map { $0[.database] } == ["timeout", "timeout"])
            }
            try await eventually("the database to be asked again") { await probe.verdict().isReady }
        }
    }

    @Test func `a clock that is five minutes off is told, once, and so is its return`() async throws {
        try await TestServer.run { server in
            let database = server.database
            let theirs = try #require(try await HealthStore(database).now())
            let log = LogCapture()
            let difference = ClockDifference(logger: log.logger)
            #expect(difference.seconds == nil)
            for _ in 0..<3 { try await difference.compare(database, clock: ManualClock(theirs + .minutes(5))) }
            let seconds = try #require(difference.seconds)
            #expect((280...301).contains(seconds))
            #expect(log.lines.filter { $0.contains("clock differs") }.count == 1)
            // An hour later again, and at once when it is over.
            try await difference.compare(database, clock: ManualClock(theirs + .minutes(70)))
            #expect(log.lines.filter { $0.contains("clock differs") }.count == 2)
            try await difference.compare(database, clock: SystemClock())
            let agreeing = try #require(difference.seconds)
            #expect(abs(agreeing) < 5)
            #expect(log.lines.filter { $0.contains("agrees") }.count == 1)
            try await difference.compare(database, clock: ManualClock(theirs - .minutes(5)))
            let behind = try #require(difference.seconds)
            #expect(behind < -280)
        }
    }
}
