import FoundationEssentials
import Runtime
import Synchronization

/// A clock that stands still until a test moves it.
package final class ManualClock: WallClock {
    private let present: Mutex<Date>

    /// - Parameter start: by default 2026-01-01T00:00:00Z.
    package init(_ start: Date = Date(timeIntervalSince1970: 1_767_225_600)) {
        present = Mutex(start)
    }

    package var now: Date { present.withLock { $0 } }

    package func advance(by duration: Duration) {
        present.withLock { $0 = $0 + duration }
    }
}
