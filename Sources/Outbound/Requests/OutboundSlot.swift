import Synchronization

/// A call's place among those under way: it is free again when the call and its look-up have both ended.
final class OutboundSlot: Sendable {
    private let holders = Mutex(1)
    private let free: @Sendable () -> Void

    init(free: @escaping @Sendable () -> Void) {
        self.free = free
    }

    func hold() { holders.withLock { $0 += 1 } }

    func release() {
        let isFree = holders.withLock { holders in
            holders -= 1
            return holders == 0
        }
        if isFree { free() }
    }
}
