import CLibpq
import Glibc
import Synchronization

/// What has a socket in the epoll set. Called on the epoll thread only, and never under the reactor's lock.
protocol ReactorSource: AnyObject, Sendable {
    func ready(_ events: UInt32)
}

/// What wants to be called at certain instants, on the epoll thread.
protocol ReactorTicker: AnyObject, Sendable {
    /// - Returns: when to be called next.
    func tick(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant
}

/// The one epoll thread that reads every PostgreSQL connection of the process. It starts at first use and stays.
final class Reactor: Sendable {
    static let shared = Reactor()

    private struct Registry {
        var sources: [UInt64: any ReactorSource] = [:]
        var tickers: [ObjectIdentifier: (ticker: any ReactorTicker, due: ContinuousClock.Instant)] = [:]
        var lastToken: UInt64 = 0
        /// When epoll_wait returns by itself; nil while the thread is at work and will look again anyway.
        var wakesAt: ContinuousClock.Instant?
    }

    private static let eventsMax = 64
    private let epoll: Int32
    private let alarm: Int32
    private let registry = Mutex(Registry())

    private init() {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        alarm = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        precondition(epoll >= 0 && alarm >= 0, "no file descriptor left for the epoll thread")
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: 0))
        epoll_ctl(epoll, EPOLL_CTL_ADD, alarm, &event)
        // The thread lives as long as the process: nothing could be done about PostgreSQL without it.
        let hasStarted = SideThread.start("gatehouse-pg", bounded: false) { self.run() }
        precondition(hasStarted, "no thread left for PostgreSQL")
    }

    // MARK: Sources

    /// - Returns: the token that names the source in `watch`.
    func register(_ source: any ReactorSource) -> UInt64 {
        registry.withLock { registry in
            registry.lastToken += 1
            registry.sources[registry.lastToken] = source
            return registry.lastToken
        }
    }

    func unregister(_ token: UInt64) {
        registry.withLock { _ = $0.sources.removeValue(forKey: token) }
    }

    /// Watches a socket, level-triggered. Safe from any thread, also for one that libpq has silently replaced.
    func watch(_ socket: Int32, token: UInt64, reads: Bool, writes: Bool) {
        let bits = (reads ? EPOLLIN.rawValue | EPOLLRDHUP.rawValue : 0) | (writes ? EPOLLOUT.rawValue : 0)
        var event = epoll_event(events: bits, data: epoll_data_t(u64: token))
        if epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) != 0 {
            epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event)
        }
    }

    func forget(_ socket: Int32) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nil)
    }

    // MARK: Tickers

    /// Calls the ticker at `due`, or at the instant already agreed on when that is sooner.
    func hasten(_ ticker: any ReactorTicker, to due: ContinuousClock.Instant) {
        let mustWake = registry.withLock { registry in
            let key = ObjectIdentifier(ticker)
            if let agreed = registry.tickers[key], agreed.due <= due { return false }
            registry.tickers[key] = (ticker, due)
            guard let wakesAt = registry.wakesAt, due < wakesAt else { return false }
            registry.wakesAt = due
            return true
        }
        if mustWake { wake() }
    }

    func remove(_ ticker: any ReactorTicker) {
        registry.withLock { _ = $0.tickers.removeValue(forKey: ObjectIdentifier(ticker)) }
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(alarm, &one, 8)
    }

    // MARK: The thread

    private func run() {
        var events = [epoll_event](repeating: epoll_event(), count: Self.eventsMax)
        while true {
            let count = epoll_wait(epoll, &events, Int32(Self.eventsMax), plan())
            registry.withLock { $0.wakesAt = nil }
            for index in 0..<Int(max(0, count)) {
                let token = events[index].data.u64
                if token == 0 {
                    var value: UInt64 = 0
                    _ = read(alarm, &value, 8)
                } else if let source = registry.withLock({ $0.sources[token] }) {
                    source.ready(events[index].events)
                }
            }
            tickDue()
        }
    }

    /// - Returns: epoll_wait's time-out, milliseconds rounded up, −1 for ever.
    private func plan() -> Int32 {
        registry.withLock { registry in
            guard let due = registry.tickers.values.lazy.map(\.due).min() else {
                registry.wakesAt = .now + .seconds(86_400)
                return -1
            }
            registry.wakesAt = due
            let (seconds, attoseconds) = (due - .now).components
            if seconds < 0 || attoseconds < 0 { return 0 }
            return Int32(clamping: seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
        }
    }

    private func tickDue() {
        let now = ContinuousClock.now
        let due = registry.withLock { registry in
            registry.tickers.values.allSatisfy { $0.due > now } ? [] : registry.tickers.values.filter { $0.due <= now }.map(\.ticker)
        }
        for ticker in due {
            let next = ticker.tick(now)
            registry.withLock { registry in
                let key = ObjectIdentifier(ticker)
                // It may have been removed, or hastened, while it ran.
                guard let agreed = registry.tickers[key] else { return }
                if agreed.due <= now || next < agreed.due { registry.tickers[key] = (ticker, next) }
            }
        }
    }
}
