import DequeModule

/// The pool's decisions, without a socket or a clock: each event returns what the shell has to do.
struct PoolState<Waiter: AnyObject & Sendable> {
    typealias Instant = ContinuousClock.Instant

    struct Limits: Sendable {
        var connectionsMax: Int
        var connectionsMin: Int
        var waitersMax: Int
        var waitMax: Duration
        var idleTimeMax: Duration
        var lifetimeMax: Duration
        var checkInterval: Duration
    }

    enum Admission {
        case use(connection: Int)
        /// Queued; open this connection first when it isn't nil.
        case wait(open: Int?)
        case refused(PostgresError)
    }

    enum Handover {
        case serve(Waiter)
        case rest
        /// Close it; open this connection instead when it isn't nil.
        case close(open: Int?)
    }

    /// What a moment's passing asks for.
    struct Chores {
        var expired: [Waiter] = []
        var closing: [Int] = []
        var checking: [Int] = []
        var opening: [Int] = []
    }

    enum Use: Equatable { case opening, idle, leased, checking }

    struct Slot {
        var use: Use
        var openedAt: Instant
        var usedAt: Instant
        var checkedAt: Instant
    }

    let limits: Limits
    private(set) var slots: [Int: Slot] = [:]
    /// Least recently used first; leases come from the end, reaping from the start.
    private(set) var idle: Deque<Int> = []
    private var queue: Deque<(waiter: Waiter, deadline: Instant)> = []
    /// Those of the queue that still wait: leaving the queue early costs no search.
    private var waiting: Set<ObjectIdentifier> = []
    private(set) var openingCount = 0
    private var lastID = 0
    private var backoff: Backoff
    /// Set while the last attempt to connect has failed.
    private(set) var failure: PostgresError?
    private(set) var retryAt: Instant?
    private var failedAt: Instant?
    private(set) var isDraining = false

    init(limits: Limits, backoff: Backoff) {
        self.limits = limits
        self.backoff = backoff
    }

    var waitingCount: Int { waiting.count }
    private var establishedCount: Int { slots.count - openingCount }

    // MARK: Callers

    mutating func request(_ waiter: Waiter, now: Instant) -> Admission {
        if isDraining { return .refused(PostgresError(.unavailable("the database is closing"))) }
        if let id = idle.popLast() {
            slots[id]?.use = .leased
            return .use(connection: id)
        }
        if let failure, establishedCount == 0 {
            // Nobody waits for a server that just refused; but being asked brings the next attempt closer.
            if let retryAt, let failedAt { self.retryAt = min(retryAt, max(now, failedAt + .milliseconds(250))) }
            return .refused(failure)
        }
        guard waiting.count < limits.waitersMax else { return .refused(PostgresError(.queueFull)) }
        queue.append((waiter, now + limits.waitMax))
        waiting.insert(ObjectIdentifier(waiter))
        return .wait(open: openForWaiters(now))
    }

    /// - Returns: true when it waited and no longer does; false when it has been or is being served.
    mutating func abandon(_ waiter: Waiter) -> Bool {
        guard waiting.remove(ObjectIdentifier(waiter)) != nil else { return false }
        // Gone entries are skipped at the front; sweep when they are the majority.
        if queue.count > 2 * waiting.count + 16 { queue.removeAll { !waiting.contains(ObjectIdentifier($0.waiter)) } }
        return true
    }

    // MARK: Connections

    mutating func opened(_ id: Int, now: Instant) -> Handover {
        guard slots[id]?.use == .opening else { return .close(open: nil) }
        openingCount -= 1
        failure = nil
        retryAt = nil
        backoff.reset()
        slots[id] = Slot(use: .leased, openedAt: now, usedAt: now, checkedAt: now)
        return handOver(id, now: now)
    }

    /// A lease, a check or a single statement ended well.
    mutating func released(_ id: Int, now: Instant) -> Handover {
        guard let slot = slots[id], slot.use == .leased || slot.use == .checking else { return .close(open: nil) }
        slots[id]?.checkedAt = now
        if slot.use == .leased { slots[id]?.usedAt = now }
        return handOver(id, now: now)
    }

    /// An attempt to connect failed.
    /// - Returns: the waiters that fail with it: all, when there is no connection left to wait for.
    mutating func failed(_ id: Int, _ error: PostgresError, now: Instant) -> [Waiter] {
        guard slots.removeValue(forKey: id) != nil else { return [] }
        openingCount -= 1
        failure = error
        failedAt = now
        retryAt = now + backoff.next()
        return establishedCount == 0 ? takeAllWaiters() : []
    }

    /// A connection broke, or the shell closes it for reasons of its own.
    /// - Returns: a connection to open for those who wait.
    mutating func lost(_ id: Int, now: Instant) -> Int? {
        guard let slot = slots.removeValue(forKey: id) else { return nil }
        if slot.use == .opening { openingCount -= 1 }
        if slot.use == .idle { idle.removeAll { $0 == id } }
        return isDraining ? nil : openForWaiters(now)
    }

    // MARK: Time

    mutating func tick(now: Instant) -> Chores {
        var chores = Chores()
        while let first = queue.first {
            guard waiting.contains(ObjectIdentifier(first.waiter)) else {
                queue.removeFirst()
                continue
            }
            guard first.deadline <= now else { break }
            queue.removeFirst()
            waiting.remove(ObjectIdentifier(first.waiter))
            chores.expired.append(first.waiter)
        }
        for id in idle {
            guard let slot = slots[id] else { continue }
            let isSurplus = now - slot.usedAt >= limits.idleTimeMax && slots.count - chores.closing.count > limits.connectionsMin
            if isSurplus || now - slot.openedAt >= lifetime(of: id) {
                chores.closing.append(id)
            } else if now - slot.checkedAt >= limits.checkInterval {
                chores.checking.append(id)
            }
        }
        for id in chores.closing { slots[id] = nil }
        for id in chores.checking { slots[id]?.use = .checking }
        if !chores.closing.isEmpty || !chores.checking.isEmpty { idle.removeAll { slots[$0]?.use != .idle } }
        while let id = openForWaiters(now) { chores.opening.append(id) }
        while !isDraining, mayOpen(now), slots.count < limits.connectionsMin { chores.opening.append(open(now)) }
        return chores
    }

    /// When `tick` has something to do.
    func nextTick(now: Instant) -> Instant {
        var next = now + .seconds(1)
        if let deadline = queue.first?.deadline { next = min(next, deadline) }
        if let retryAt, !isDraining { next = min(next, retryAt) }
        return max(next, now + .milliseconds(1))
    }

    /// No more callers; idle connections close now, the others when they come back.
    mutating func drain() -> (failing: [Waiter], closing: [Int]) {
        isDraining = true
        let closing = slots.filter { $0.value.use != .leased }.map(\.key)
        for id in closing { slots[id] = nil }
        openingCount = 0
        idle = []
        return (takeAllWaiters(), closing)
    }

    // MARK: Inside

    private mutating func handOver(_ id: Int, now: Instant) -> Handover {
        if let slot = slots[id], isDraining || now - slot.openedAt >= lifetime(of: id) {
            slots[id] = nil
            return .close(open: isDraining ? nil : openForWaiters(now))
        }
        while let (waiter, _) = queue.popFirst() {
            guard waiting.remove(ObjectIdentifier(waiter)) != nil else { continue }
            slots[id]?.use = .leased
            return .serve(waiter)
        }
        slots[id]?.use = .idle
        idle.append(id)
        return .rest
    }

    /// Spread over a fifth, so that connections opened together don't end together.
    private func lifetime(of id: Int) -> Duration { limits.lifetimeMax * (100 - id % 20) / 100 }

    private func mayOpen(_ now: Instant) -> Bool {
        guard slots.count < limits.connectionsMax else { return false }
        guard failure != nil else { return true }
        // After a failure one attempt at a time, at its time.
        return openingCount == 0 && retryAt.map { now >= $0 } != false
    }

    private mutating func openForWaiters(_ now: Instant) -> Int? {
        guard openingCount < waiting.count, mayOpen(now) else { return nil }
        return open(now)
    }

    private mutating func open(_ now: Instant) -> Int {
        lastID += 1
        openingCount += 1
        slots[lastID] = Slot(use: .opening, openedAt: now, usedAt: now, checkedAt: now)
        return lastID
    }

    private mutating func takeAllWaiters() -> [Waiter] {
        defer {
            queue = []
            waiting = []
        }
        return queue.filter { waiting.contains(ObjectIdentifier($0.waiter)) }.map(\.waiter)
    }
}
