import FoundationEssentials
import Logging
import Postgres
import Runtime
import Synchronization

/// How far this node's clock is from the database's, which all nodes share. A node whose clock is wrong issues tokens that are not valid yet, or
/// not any more; it says so in its log and its metrics.
package final class ClockDifference: Sendable {
    /// Proofs may be signed ten seconds ahead, and limits reckon with seconds.
    static let tolerated: Duration = .seconds(5)
    /// While it lasts it is told again.
    private static let remindAfter: Duration = .hours(1)
    /// When the answer took longer, it says too little.
    private static let roundTripMax: Duration = .seconds(1)

    private struct State {
        var seconds: Double?
        var toldAt: Date?
    }

    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// Positive where this node is ahead; nil before the first comparison.
    package var seconds: Double? { state.withLock { $0.seconds } }

    /// - Throws: `PostgresError`.
    package func compare(_ database: any Queryable, clock: any WallClock) async throws {
        let asked = clock.now
        guard let theirs = try await HealthStore(database).now() else { return }
        let answered = clock.now
        let roundTrip = answered.timeIntervalSince(asked)
        guard roundTrip >= 0, roundTrip <= Self.roundTripMax.inSeconds else { return }
        note(asked.timeIntervalSince(theirs) + roundTrip / 2, now: answered)
    }

    private func note(_ seconds: Double, now: Date) {
        let isOff = abs(seconds) > Self.tolerated.inSeconds
        let (mustTell, hasEnded) = state.withLock { state in
            state.seconds = seconds
            guard isOff else {
                defer { state.toldAt = nil }
                return (false, state.toldAt != nil)
            }
            if let toldAt = state.toldAt, abs(now.timeIntervalSince(toldAt)) < Self.remindAfter.inSeconds { return (false, false) }
            state.toldAt = now
            return (true, false)
        }
        let figures: Logger.Metadata = ["seconds": "\((seconds * 1_000).rounded() / 1_000)"]
        if mustTell { logger.error("this node's clock differs from the database's", metadata: figures) }
        if hasEnded { logger.notice("this node's clock agrees with the database's again", metadata: figures) }
    }
}
