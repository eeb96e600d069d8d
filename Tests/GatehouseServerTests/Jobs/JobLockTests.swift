import Postgres
import Synchronization
import TestKit
import Testing

@testable import GatehouseServer
@testable import Runtime

@Suite struct JobLockTests {
    private struct Defect: Error {}

    private final class Runs: Sendable {
        private let held = Mutex<[String]>([])

        var names: [String] { held.withLock { $0 } }

        func add(_ name: String) { held.withLock { $0.append(name) } }
    }

    @Test func `what one node does, another leaves alone meanwhile`() async throws {
        try await TestServer.run { server in
            try await server.withSecondNode { other in
                let (one, two) = (JobLockStore(server.database), JobLockStore(other.database))
                let runs = Runs()
                let isDone = try await one.alone("a job") {
                    runs.add("one")
                    let isDoneTwice = try await two.alone("a job") { runs.add("two") }
                    #expect(!isDoneTwice)
                    // Another job is nobody's but its own.
                    let isAnotherDone = try await two.alone("another job") { runs.add("another") }
                    #expect(isAnotherDone)
                }
                #expect(isDone)
                let isDoneLater = try await two.alone("a job") { runs.add("later") }
                #expect(isDoneLater)
                #expect(runs.names == ["one", "another", "later"])
            }
        }
    }

    @Test func `a job that fails lets go`() async throws {
        try await TestServer.run { server in
            let locks = JobLockStore(server.database)
            await #expect(throws: Defect.self) { _ = try await locks.alone("a job") { throw Defect() } }
            let isDone = try await locks.alone("a job") {}
            #expect(isDone)
        }
    }

    @Test func `what changes shared rows is done by one node, what is in memory by each`() async throws {
        try await TestServer.run { server in
            let alone = ServerJobs.all(server.wiring).filter { $0.reach == .oneNode }.map(\.name)
            #expect(Set(alone) == ["signature keys", "replay partitions", "refresh token salts", "re-encryption", "expired rows"])
        }
    }

    @Test func `turns are counted as they went`() async throws {
        try await TestServer.run { server in
            let jobs = [
                Job(name: "good", interval: .seconds(1)) { _ in }, Job(name: "bad", interval: .seconds(1)) { _ in throw Defect() },
                Job(name: "left", interval: .seconds(1), reach: .oneNode) { _ in },
            ]
            let runner = JobRunner(jobs: jobs, clock: server.clock, logger: .quiet, exclusion: { _, _ in false })
            for index in jobs.indices { #expect(await runner.turn(index)) }
            let figures = runner.tally.figures
            #expect(figures.map(\.runCount) == [1, 0, 0])
            #expect(figures.map(\.failureCount) == [0, 1, 0])
            #expect(figures.map(\.skipCount) == [0, 0, 1])
            #expect(figures[0].lastSuccessAt == server.clock.now.numericDate && figures[1].lastSuccessAt == nil)
        }
    }
}
