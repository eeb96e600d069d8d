import Logging
import Runtime
import TestKit
import Testing

@testable import Keys

@Suite struct KeyRotationJobTests {
    @Test func `the hourly turn makes the first keys and announces their successors when they are due`() async throws {
        try await TestDatabase.withDatabase { database in
            let clock = ManualClock()
            let ring = KeyRing(
                database: database, masterKeys: MasterKeys.generate(randomness: SystemRandomness()), randomness: SystemRandomness(),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            let job = KeyRotationJob.make(ring)
            #expect(job.interval == .hours(1))
            try await job.run(clock.now)
            #expect(try await ring.list(now: clock.now).map(\.standing) == [.signing, .signing])
            clock.advance(by: .days(89))
            try await job.run(clock.now)
            #expect(try await ring.list(now: clock.now).filter { $0.standing == .announced }.count == 2)
            #expect(try await ring.list(now: clock.now).filter { $0.standing == .signing }.count == 2)
        }
    }
}
