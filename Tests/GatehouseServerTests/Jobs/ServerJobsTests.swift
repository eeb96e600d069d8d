import Accounts
import Audit
import FoundationEssentials
import OAuth
import Runtime
import TestKit
import Testing

@testable import GatehouseServer

@Suite struct ServerJobsTests {
    private func run(_ name: String, _ server: TestServer) async throws {
        let job = try #require(ServerJobs.all(server.wiring).first { $0.name == name })
        try await job.run(server.clock.now)
    }

    private func eventCount(_ server: TestServer) async throws -> Int? {
        try await server.database.first("select count(*) from audit_events") { try $0.int(0) }
    }

    private func insertEvent(_ server: TestServer) async throws {
        let event = AuditEvent(AuditEvent.Kind.clientCreated)
        try await server.wiring.audit.insert(event, now: server.clock.now, in: server.database)
    }

    @Test func `events stay for their time, and no longer`() async throws {
        try await TestServer.run(configure: { parts in parts.auditRetention = .seconds(30 * 86_400) }) { server in
            for _ in 0..<3 {
                try await insertEvent(server)
                server.clock.advance(by: .seconds(10 * 86_400))
            }
            try await run("expired rows", server)
            #expect(try await eventCount(server) == 3)
            server.clock.advance(by: .seconds(1))
            try await run("expired rows", server)
            #expect(try await eventCount(server) == 2)
            server.clock.advance(by: .seconds(60 * 86_400))
            try await run("expired rows", server)
            #expect(try await eventCount(server) == 0)
        }
    }

    @Test func `what was counted is written once`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            for _ in 0..<3 { _ = try await server.clientToken() }
            try await run("audit tally", server)
            try await run("audit tally", server)
            let events = try await server.database.all("select client_id, detail->>'count' from audit_events") {
                [try $0.text(0), try $0.text(1)]
            }
            #expect(events == [["app", "3"]])
        }
    }

    @Test func `every job runs on an empty database, and twice`() async throws {
        try await TestServer.run { server in
            for job in ServerJobs.all(server.wiring) + ServerJobs.all(server.wiring) { try await job.run(server.clock.now) }
        }
    }
}
