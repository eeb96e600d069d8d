import FoundationEssentials
import Runtime
import Synchronization

/// Slows guessing: a token bucket for each key (an account, an address), in this node's memory.
///
/// Memory is bounded: when ``keysMax`` buckets are held, full ones (they say nothing) are dropped, at most once a minute;
/// keys that still find no room share one bucket.
package final class AttemptLimiter: Sendable {
    package static let keysMax = 100_000

    private static let sharedKey = ""

    private struct Bucket {
        var attempts: Double
        let burst: Int
        let perMinute: Double
        var refilledAt: Date
    }

    private struct State {
        var buckets: [String: Bucket] = [:]
        var sweptAt = Date.distantPast
    }

    private let limit: AttemptLimit
    private let state = Mutex(State())

    package init(limit: AttemptLimit) {
        self.limit = limit
    }

    /// Takes one attempt.
    /// - Returns: nil if it is allowed, else how long to wait for the next.
    package func take(_ key: String, now: Date) -> Duration? { take(key, limit: limit, now: now) }

    /// Takes one attempt of a key with a limit of its own.
    package func take(_ key: String, limit: AttemptLimit, now: Date) -> Duration? {
        state.withLock { state in
            let place = place(for: key, in: &state, now: now)
            var bucket = refilled(
                state.buckets[place]
                    ?? Bucket(attempts: Double(limit.burst), burst: limit.burst, perMinute: limit.perMinute, refilledAt: now),
                now: now)
            defer { state.buckets[place] = bucket }
            guard bucket.attempts >= 1 else {
                return .seconds(Int64(max(1, ((1 - bucket.attempts) / limit.perMinute * 60).rounded(.up))))
            }
            bucket.attempts -= 1
            return nil
        }
    }

    /// Gives an attempt back: it succeeded, so it was no guess.
    package func giveBack(_ key: String) {
        state.withLock { state in
            guard let bucket = state.buckets[key] else { return }
            state.buckets[key]?.attempts = min(Double(bucket.burst), bucket.attempts + 1)
        }
    }

    private func refilled(_ bucket: Bucket, now: Date) -> Bucket {
        let seconds = max(0, now.timeIntervalSince(bucket.refilledAt))
        var bucket = bucket
        bucket.attempts = min(Double(bucket.burst), bucket.attempts + seconds / 60 * bucket.perMinute)
        bucket.refilledAt = now
        return bucket
    }

    private func place(for key: String, in state: inout State, now: Date) -> String {
        if state.buckets[key] != nil || state.buckets.count < Self.keysMax { return key }
        if now.timeIntervalSince(state.sweptAt) >= 60 {
            state.sweptAt = now
            state.buckets = state.buckets.filter { refilled($0.value, now: now).attempts < Double($0.value.burst) }
        }
        return state.buckets.count < Self.keysMax ? key : Self.sharedKey
    }
}
