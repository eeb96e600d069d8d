import Synchronization

/// The limits that a request has met on its way, for the fields of its answer: the one closest to its end is kept.
package final class RateLimitNotes: Sendable {
    private let state = Mutex<RateLimitStanding?>(nil)

    package init() {}

    package var closest: RateLimitStanding? { state.withLock { $0 } }

    package func note(_ standing: RateLimitStanding) {
        state.withLock { closest in
            if let held = closest, !standing.isTighter(than: held) { return }
            closest = standing
        }
    }
}
