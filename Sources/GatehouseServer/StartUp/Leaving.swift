import Synchronization

/// Says that this node has been told to stop.
package final class Leaving: Sendable {
    private let flag = Atomic(false)

    package init() {}

    package var isUnderway: Bool { flag.load(ordering: .relaxed) }

    package func begin() { flag.store(true, ordering: .relaxed) }
}
