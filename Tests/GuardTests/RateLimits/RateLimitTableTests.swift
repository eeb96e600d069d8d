import FoundationEssentials
import HTTPTypes
import Postgres
import Runtime
import TestKit
import Testing

@testable import Guard

@Suite struct RateLimitTableTests {
    @Test func `two nodes on one table together allow what one would`() async throws {
        try await TestServer.run(configure: { $0.limits.defaultPerAddress = .init(burst: 20, perMinute: 600) }) { first in
            try await first.withSecondNode { second in
                func run(seconds: Int) async throws -> Int {
                    var allowed = 0
                    for step in 0..<(seconds * 10) {
                        first.clock.advance(by: .milliseconds(100))
                        for server in [first, first, second] {
                            if try await server.get("/oauth2/jwks").status == .ok { allowed += 1 }
                        }
                        if step % 10 == 3 { try await first.wiring.limits.exchange(now: first.clock.now) }
                        if step % 10 == 8 { try await second.wiring.limits.exchange(now: second.clock.now) }
                    }
                    return allowed
                }
                _ = try await run(seconds: 8)
                // Three times as many are asked for.
                let allowed = try await run(seconds: 20)
                #expect((160...240).contains(allowed), "\(allowed) of 200")
                // The node that was asked twice as much has given about twice as much: nobody's part is wasted.
                first.clock.advance(by: .seconds(12))
                #expect(try await second.get("/oauth2/jwks").status == .ok)
            }
        }
    }

    @Test func `guesses at an account are counted on every node`() async throws {
        try await TestServer.run(configure: { $0.limits.signInPerAccount = .init(burst: 4, perMinute: 1) }) { first in
            try await first.withSecondNode { second in
                try await first.addUser()
                for _ in 0..<4 { #expect(try await guess(first) == .unprocessableContent) }
                #expect(try await guess(first) == .tooManyRequests)
                try await first.wiring.limits.exchange(now: first.clock.now)
                // The other node has not heard of it, and learns it with the first guess.
                #expect(try await guess(second) == .unprocessableContent)
                try await second.wiring.limits.exchange(now: second.clock.now)
                #expect(try await guess(second) == .tooManyRequests)
                // Five are gone, so the next comes after two minutes.
                first.clock.advance(by: .seconds(61))
                #expect(try await guess(second) == .tooManyRequests)
            }
        }
    }

    private func guess(_ server: TestServer) async throws -> HTTPResponse.Status {
        let browser = TestBrowser(server)
        return try await browser.submit(
            "sign-in-form", of: try await browser.open("/sign-in"), [("username", "ada"), ("password", "wrong")]
        ).status
    }

    @Test func `the table does what the simulation does`() async throws {
        try await TestDatabase.withDatabase { database in
            let store = RateLimitStore(database)
            var ledger = SimulatedLedger()
            let limit = AttemptLimit(burst: 10, perMinute: 60)
            var now = SimulatedNodes.start
            for (pause, spent, demand) in [
                (0.0, 3.0, 3.0), (1.0, 4, 9), (0.5, 9, 20), (0.0, 30, 30), (3.0, 0, 5), (-2.0, 1, 1), (90.0, -1, 0), (0.0, 2, 2),
                (4_000.0, 1, 0),
            ] {
                now = now.addingTimeInterval(pause)
                let report = RateLimiter.Report(key: "a", spent: spent, demand: demand, level: 10 - spent, limit: limit)
                let entry = RateLimitStore.Entry(
                    bucket: "a", spent: spent, demand: demand, level: report.level, capacity: 11, perSecond: 1)
                let expected = try #require(ledger.exchange([report], now: now).first)
                let standing = try #require(try await store.exchange([entry], now: now).standings.first)
                #expect(abs(standing.level - expected.level) < 1e-6, "\(standing.level) \(expected.level)")
                #expect(abs(standing.demand - expected.demand) < 1e-6, "\(standing.demand) \(expected.demand)")
            }
        }
    }

    @Test func `a clock that was far ahead is not believed for ever`() async throws {
        try await TestDatabase.withDatabase { database in
            let store = RateLimitStore(database)
            func level(_ spent: Double, at now: Date) async throws -> Double? {
                let entry = RateLimitStore.Entry(bucket: "a", spent: spent, demand: 1, level: 5 - spent, capacity: 6, perSecond: 1)
                return try await store.exchange([entry], now: now).standings.first?.level
            }
            let now = SimulatedNodes.start
            let ahead = try await level(5, at: now + .hours(1))
            let back = try await level(0, at: now)
            let later = try await level(0, at: now + .seconds(2))
            #expect([ahead, back, later] == [0, 0, 2])
        }
    }

    @Test func `rows of full buckets are deleted, others are not`() async throws {
        try await TestDatabase.withDatabase { database in
            let store = RateLimitStore(database)
            let now = SimulatedNodes.start
            func entry(_ bucket: String, spent: Double) -> RateLimitStore.Entry {
                RateLimitStore.Entry(bucket: bucket, spent: spent, demand: 1, level: 10 - spent, capacity: 11, perSecond: 1)
            }
            _ = try await store.exchange([entry("b", spent: 2), entry("a", spent: 9)], now: now)
            #expect(try await store.eraseFull(now: now + .seconds(2), countMax: 10) == 0)
            #expect(try await store.eraseFull(now: now + .seconds(4), countMax: 10) == 1)
            #expect(try await store.eraseFull(now: now + .seconds(11), countMax: 10) == 1)
        }
    }

    @Test func `neither addresses nor names stand in the table`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            _ = try await guess(server)
            try await server.wiring.limits.exchange(now: server.clock.now)
            let buckets = try await server.database.all("select bucket from rate_limit_spending") { try $0.text(0) }
            #expect(buckets.count >= 2)
            #expect(buckets.allSatisfy { $0.utf8.count == 22 })
        }
    }

    @Test func `the database being away loses nothing and opens nothing`() async throws {
        try await TestServer.run(configure: { $0.limits.signInPerAccount = .init(burst: 3, perMinute: 1) }) { server in
            for _ in 0..<3 { #expect(server.wiring.limits.signInPerAccount.take("ada", now: server.clock.now).isAllowed) }
            try await server.database.execute("alter table rate_limit_spending rename to elsewhere")
            await #expect(throws: PostgresError.self) { try await server.wiring.limits.exchange(now: server.clock.now) }
            #expect(!server.wiring.limits.signInPerAccount.take("ada", now: server.clock.now).isAllowed)
            try await server.database.execute("alter table elsewhere rename to rate_limit_spending")
            try await server.wiring.limits.exchange(now: server.clock.now)
            #expect(try await server.database.first("select level from rate_limit_spending") { try $0.double(0) } == 0)
        }
    }

    @Test func `nodes are counted by the connections that listen`() async throws {
        try await TestServer.run { first in
            try await first.withSecondNode { second in
                let listening = [first, second].map { server in
                    Task { for await _ in server.database.notifications(on: "gatehouse") {} }
                }
                try await eventually("two nodes") { try await RateLimitStore(first.database).countNodes() == 2 }
                listening[1].cancel()
                try await eventually("one node") { try await RateLimitStore(first.database).countNodes() == 1 }
                listening[0].cancel()
            }
        }
    }
}
