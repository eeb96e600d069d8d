import Synchronization

/// Says that something held in memory must be read again.
package final class StaleFlag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .relaxed) }

    func set(_ isStale: Bool) { value.store(isStale, ordering: .relaxed) }
}
