import FoundationEssentials
import Runtime
import Synchronization

/// The sessions of all browsers: in memory, a thousand at most, gone after eight idle hours or a restart.
final class DemoSessions: Sendable {
    private let sessions = Mutex<[String: DemoSession]>([:])

    private static let countMax = 1_000
    private static let idleMax = Duration.hours(8)

    func find(_ id: String, now: Date) -> DemoSession? {
        sessions.withLock { sessions in
            guard var session = sessions[id] else { return nil }
            guard now < session.usedAt + Self.idleMax else {
                sessions[id] = nil
                return nil
            }
            session.usedAt = now
            sessions[id] = session
            return session
        }
    }

    func insert(_ session: DemoSession, id: String) {
        sessions.withLock { sessions in
            if sessions.count >= Self.countMax, let oldest = sessions.min(by: { $0.value.usedAt < $1.value.usedAt })?.key {
                sessions[oldest] = nil
            }
            sessions[id] = session
        }
    }

    /// Changes a session in one step; does nothing when it is gone.
    func update<Result: Sendable>(_ id: String, _ change: @Sendable (inout DemoSession) -> Result) -> Result? {
        sessions.withLock { sessions in
            guard var session = sessions[id] else { return nil }
            let result = change(&session)
            sessions[id] = session
            return result
        }
    }

    func remove(_ id: String) {
        sessions.withLock { $0[id] = nil }
    }
}
