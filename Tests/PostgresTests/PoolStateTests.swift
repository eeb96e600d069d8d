import Testing

@testable import Postgres

/// A small generator of ours, so that a failing walk can be walked again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite("Pool state")
struct PoolStateTests {
    final class Waiter: Sendable {}

    private typealias State = PoolState<Waiter>
    private static let start = ContinuousClock.now
    private static let refused = PostgresError(.unavailable("refused"))

    private func makeState(connectionsMax: Int = 2, connectionsMin: Int = 0, waitersMax: Int = 3) -> State {
        State(
            limits: State.Limits(
                connectionsMax: connectionsMax, connectionsMin: connectionsMin, waitersMax: waitersMax, waitMax: .seconds(5),
                idleTimeMax: .seconds(60), lifetimeMax: .seconds(1_000), checkInterval: .seconds(30)),
            backoff: Backoff(min: .milliseconds(50), max: .seconds(5), seed: 1))
    }

    private func opening(_ admission: State.Admission) -> Int? {
        if case .wait(let id) = admission { id } else { nil }
    }

    private func isServed(_ handover: State.Handover, _ waiter: Waiter) -> Bool {
        if case .serve(let served) = handover { served === waiter } else { false }
    }

    @Test("a caller opens a connection, later ones reuse it")
    func opensAndReuses() {
        var state = makeState()
        let waiter = Waiter()
        let id = opening(state.request(waiter, now: Self.start))
        #expect(id == 1)
        let result1 = isServed(state.opened(1, now: Self.start), waiter)
        #expect(result1)
        guard case .rest = state.released(1, now: Self.start) else {
            Issue.record("nobody waits")
            return
        }
        guard case .use(1) = state.request(Waiter(), now: Self.start) else {
            Issue.record("the idle connection is there")
            return
        }
    }

    @Test("waiters are served in their order, and abandoned ones are skipped")
    func order() {
        var state = makeState(connectionsMax: 1)
        let waiters = [Waiter(), Waiter(), Waiter()]
        for waiter in waiters { _ = state.request(waiter, now: Self.start) }
        let result2 = state.abandon(waiters[1])
        #expect(result2)
        let result3 = !state.abandon(waiters[1])
        #expect(result3)
        let result4 = isServed(state.opened(1, now: Self.start), waiters[0])
        #expect(result4)
        let result5 = !state.abandon(waiters[0])
        #expect(result5)
        let result6 = isServed(state.released(1, now: Self.start), waiters[2])
        #expect(result6)
        #expect(state.waitingCount == 0)
    }

    @Test("the queue is bounded, and waiting is")
    func bounds() {
        var state = makeState(connectionsMax: 1, waitersMax: 2)
        let waiters = [Waiter(), Waiter()]
        for waiter in waiters { _ = state.request(waiter, now: Self.start) }
        guard case .refused(let error) = state.request(Waiter(), now: Self.start) else {
            Issue.record("the queue is full")
            return
        }
        #expect(error == PostgresError(.queueFull))
        let result7 = state.tick(now: Self.start + .milliseconds(4_999)).expired.isEmpty
        #expect(result7)
        #expect(state.nextTick(now: Self.start + .milliseconds(4_500)) == Self.start + .seconds(5))
        let result8 = state.tick(now: Self.start + .seconds(5)).expired.count == 2
        #expect(result8)
        #expect(state.waitingCount == 0)
    }

    @Test("when the only attempt fails all waiters fail, and later callers do so at once until it succeeds")
    func failsFast() {
        var state = makeState()
        _ = state.request(Waiter(), now: Self.start)
        let result9 = state.failed(1, Self.refused, now: Self.start).count == 1
        #expect(result9)
        guard case .refused(Self.refused) = state.request(Waiter(), now: Self.start) else {
            Issue.record("the server is down")
            return
        }
        let result10 = state.tick(now: Self.start).opening.isEmpty
        #expect(result10)
        var retrying = makeState(connectionsMin: 1)
        let result11 = retrying.tick(now: Self.start).opening == [1]
        #expect(result11)
        _ = retrying.failed(1, Self.refused, now: Self.start)
        let result12 = retrying.tick(now: Self.start + .milliseconds(24)).opening.isEmpty
        #expect(result12)
        let result13 = retrying.tick(now: Self.start + .milliseconds(50)).opening == [2]
        #expect(result13)
        let result14 = retrying.tick(now: Self.start + .milliseconds(60)).opening.isEmpty
        #expect(result14, "one attempt at a time")
        guard case .rest = retrying.opened(2, now: Self.start) else {
            Issue.record("it rests")
            return
        }
        #expect(retrying.failure == nil)
        guard case .use(2) = retrying.request(Waiter(), now: Self.start) else {
            Issue.record("it serves again")
            return
        }
    }

    @Test("with a connection left, a failed attempt fails nobody")
    func partialFailure() {
        var state = makeState()
        let waiters = [Waiter(), Waiter()]
        _ = state.request(waiters[0], now: Self.start)
        let result15 = isServed(state.opened(1, now: Self.start), waiters[0])
        #expect(result15)
        let result16 = opening(state.request(waiters[1], now: Self.start)) == 2
        #expect(result16)
        let result17 = state.failed(2, Self.refused, now: Self.start).isEmpty
        #expect(result17)
        let result18 = isServed(state.released(1, now: Self.start), waiters[1])
        #expect(result18)
    }

    @Test("a lost connection is replaced for those who wait")
    func replaces() {
        var state = makeState(connectionsMax: 1)
        _ = state.request(Waiter(), now: Self.start)
        _ = state.opened(1, now: Self.start)
        _ = state.request(Waiter(), now: Self.start)
        let result19 = state.lost(1, now: Self.start) == 2
        #expect(result19)
        let result20 = state.lost(1, now: Self.start) == nil
        #expect(result20)
    }

    @Test("unused connections end down to the minimum, idle ones are checked, old ones replaced")
    func chores() {
        var state = makeState(connectionsMax: 3, connectionsMin: 1, waitersMax: 9)
        let waiters = [Waiter(), Waiter(), Waiter()]
        let ids = waiters.compactMap { opening(state.request($0, now: Self.start)) }
        for id in ids { _ = state.opened(id, now: Self.start) }
        for id in ids { _ = state.released(id, now: Self.start) }
        let result21 = Set(state.tick(now: Self.start + .seconds(30)).checking) == Set(ids)
        #expect(result21)
        #expect(state.idle.isEmpty)
        for id in ids { _ = state.released(id, now: Self.start + .seconds(30)) }
        let late = state.tick(now: Self.start + .seconds(60))
        #expect(late.closing.count == 2)
        #expect(state.slots.count == 1)
        for id in late.checking { _ = state.released(id, now: Self.start + .seconds(60)) }
        let old = state.tick(now: Self.start + .seconds(1_000))
        #expect(old.opening.count == 1, "the minimum is kept")
    }

    @Test("draining refuses, fails the queue and closes what comes back")
    func draining() {
        var state = makeState(connectionsMax: 1)
        _ = state.request(Waiter(), now: Self.start)
        _ = state.opened(1, now: Self.start)
        _ = state.request(Waiter(), now: Self.start)
        let (failing, closing) = state.drain()
        #expect(failing.count == 1)
        #expect(closing.isEmpty)
        guard case .close(nil) = state.released(1, now: Self.start) else {
            Issue.record("it closes")
            return
        }
        guard case .refused = state.request(Waiter(), now: Self.start) else {
            Issue.record("it refuses")
            return
        }
    }

    @Test("random walks keep every promise", arguments: 0..<60)
    func randomWalk(seed: Int) {
        var generator = SeededGenerator(state: UInt64(seed))
        var state = makeState(
            connectionsMax: Int.random(in: 1...5, using: &generator), connectionsMin: Int.random(in: 0...1, using: &generator),
            waitersMax: 8)
        var world = World()
        var now = Self.start
        for _ in 0..<2_000 {
            now += .milliseconds(Int.random(in: 0...400, using: &generator))
            world.step(&state, now, &generator)
            world.check(state)
            if !world.isSound { break }
        }
        #expect(world.isSound, "seed \(seed): \(world.complaint)")
        let (failing, _) = state.drain()
        #expect(failing.count == world.waiting.count)
    }

    /// What the shell believes, kept apart from the state that it is compared with.
    private struct World {
        var opening: Set<Int> = []
        var busy: [Int: Waiter?] = [:]
        var resting: Set<Int> = []
        var waiting: [ObjectIdentifier: Waiter] = [:]
        var complaint = ""
        var isSound: Bool { complaint.isEmpty }

        mutating func step(_ state: inout State, _ now: ContinuousClock.Instant, _ generator: inout SeededGenerator) {
            switch Int.random(in: 0..<9, using: &generator) {
            case 0...2: request(&state, now)
            case 3: if let id = opening.randomElement(using: &generator) { opened(&state, id, now) }
            case 4: if let id = busy.keys.randomElement(using: &generator) { take(state.released(id, now: now), id) }
            case 5: if let waiter = waiting.values.randomElement(using: &generator) { abandon(&state, waiter) }
            case 6: if let id = opening.randomElement(using: &generator) { failed(&state, id, now) }
            case 7: lose(&state, now, &generator)
            default: tick(&state, now)
            }
        }

        private mutating func request(_ state: inout State, _ now: ContinuousClock.Instant) {
            let waiter = Waiter()
            switch state.request(waiter, now: now) {
            case .use(let id):
                if resting.remove(id) == nil { complaint = "\(id) was not idle" }
                busy[id] = waiter
            case .wait(let id):
                waiting[ObjectIdentifier(waiter)] = waiter
                if let id { opening.insert(id) }
            case .refused(let error):
                let isFull = waiting.count == state.limits.waitersMax
                if error.kind == .queueFull, !isFull { complaint = "refused with room in the queue" }
                if error.kind != .queueFull, !busy.isEmpty || !resting.isEmpty { complaint = "refused with connections at hand" }
            }
        }

        private mutating func opened(_ state: inout State, _ id: Int, _ now: ContinuousClock.Instant) {
            opening.remove(id)
            busy[id] = .some(nil)
            take(state.opened(id, now: now), id)
        }

        private mutating func take(_ handover: State.Handover, _ id: Int) {
            busy[id] = nil
            switch handover {
            case .serve(let waiter):
                if waiting.removeValue(forKey: ObjectIdentifier(waiter)) == nil { complaint = "served one that did not wait" }
                busy[id] = waiter
            case .rest:
                if !waiting.isEmpty { complaint = "rests while somebody waits" }
                resting.insert(id)
            case .close(let replacement):
                if let replacement { opening.insert(replacement) }
            }
        }

        private mutating func abandon(_ state: inout State, _ waiter: Waiter) {
            waiting[ObjectIdentifier(waiter)] = nil
            if !state.abandon(waiter) { complaint = "it did wait" }
        }

        private mutating func failed(_ state: inout State, _ id: Int, _ now: ContinuousClock.Instant) {
            opening.remove(id)
            for waiter in state.failed(id, PoolStateTests.refused, now: now) { waiting[ObjectIdentifier(waiter)] = nil }
            if busy.isEmpty, resting.isEmpty, !waiting.isEmpty { complaint = "somebody waits for nothing" }
        }

        private mutating func lose(_ state: inout State, _ now: ContinuousClock.Instant, _ generator: inout SeededGenerator) {
            guard let id = (resting.sorted() + busy.keys.sorted()).randomElement(using: &generator) else { return }
            resting.remove(id)
            busy[id] = nil
            if let replacement = state.lost(id, now: now) { opening.insert(replacement) }
        }

        private mutating func tick(_ state: inout State, _ now: ContinuousClock.Instant) {
            let chores = state.tick(now: now)
            for waiter in chores.expired where waiting.removeValue(forKey: ObjectIdentifier(waiter)) == nil {
                complaint = "expired one that did not wait"
            }
            for id in chores.closing + chores.checking where resting.remove(id) == nil { complaint = "\(id) was not idle" }
            for id in chores.checking { busy[id] = .some(nil) }
            opening.formUnion(chores.opening)
            if state.nextTick(now: now) > now + .seconds(1) { complaint = "sleeps too long" }
        }

        mutating func check(_ state: State) {
            if Set(state.slots.keys) != opening.union(busy.keys).union(resting) { complaint = "the connections differ" }
            if state.slots.count > state.limits.connectionsMax { complaint = "too many connections" }
            if Set(state.idle) != resting || state.idle.count != resting.count { complaint = "the idle connections differ" }
            if state.openingCount != opening.count { complaint = "the openings differ" }
            if state.waitingCount != waiting.count || waiting.count > state.limits.waitersMax { complaint = "the waiters differ" }
            if !resting.isEmpty, !waiting.isEmpty { complaint = "somebody waits beside an idle connection" }
        }
    }
}
