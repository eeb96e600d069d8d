import Audit
import FoundationEssentials
import OAuthProtocol
import Runtime
import Synchronization
import Web

/// Holds everybody to one policy: a token bucket for each key (an account, an address, a client), in this node's memory, and shared with
/// the other nodes by ``RateLimits/exchange(now:)``. Every call is synchronous and costs well under a microsecond.
///
/// Memory is bounded: when ``keysMax`` buckets are held, full ones (they say nothing) are dropped, at most every ten seconds; keys that
/// still find no room share ``overflowCount`` buckets. No bucket that says something is ever dropped, so a flood of keys resets nobody's.
package final class RateLimiter: Sendable {
    package static let keysMax = 50_000
    static let overflowCount = 64
    private static let sweepInterval = 10.0
    /// The keys of buckets that several keys share; no key of ours begins with NUL.
    private static let overflow = (0..<overflowCount).map { "\0\($0)" }

    private struct State {
        var buckets: [String: RateLimitBucket] = [:]
        var place = RateLimitBucket.Place()
        /// Keys that were used since the last exchange.
        var listed: [String] = []
        var sweptAt = Date.distantPast
    }

    package let policy: RateLimitPolicy
    private let tally: AuditTally?
    private let state = Mutex(State())
    private let refusals = Atomic(0)

    /// - Parameter tally: where refusals are counted.
    package init(_ policy: RateLimitPolicy, tally: AuditTally? = nil) {
        self.policy = policy
        self.tally = tally
    }

    /// Takes one attempt.
    /// - Parameter limit: the key's own; nil for the policy's.
    package func take(_ key: String, limit: AttemptLimit? = nil, now: Date) -> RateLimitVerdict {
        visit(key, limit: limit, now: now) { bucket, place in bucket.take(place, now: now) }
    }

    /// Says what an attempt would meet, and takes none.
    package func judge(_ key: String, now: Date) -> RateLimitVerdict {
        visit(key, limit: nil, isKept: false, now: now) { bucket, place in bucket.judge(place, now: now) }
    }

    /// Counts an attempt that has taken place: also beyond the allowance, which is paid back.
    @discardableResult
    package func charge(_ key: String, now: Date) -> RateLimitVerdict {
        visit(key, limit: nil, now: now) { bucket, place in
            bucket.charge(place, now: now)
            return nil
        }
    }

    /// Gives an attempt back: it succeeded, so it was no guess.
    package func giveBack(_ key: String) {
        state.withLock { state in
            guard let index = state.buckets.index(forKey: key) else { return }
            state.buckets.values[index].giveBack()
            Self.list(key, index, in: &state)
        }
    }

    /// Takes one attempt, or refuses in the words that callers see.
    /// - Parameters:
    ///   - clientID: for the audit log.
    ///   - notes: where the answer's fields come from.
    /// - Throws: `too_many_requests` with the time to wait.
    package func require(
        _ key: String, limit: AttemptLimit? = nil, clientID: String? = nil, noting notes: RequestNotes? = nil, now: Date
    ) throws(OAuthError) {
        try pass(take(key, limit: limit, now: now), clientID: clientID, noting: notes)
    }

    /// Refuses unless the verdict allows it; counts the refusal.
    /// - Throws: `too_many_requests` with the time to wait.
    package func pass(_ verdict: RateLimitVerdict, clientID: String? = nil, noting notes: RequestNotes? = nil) throws(OAuthError) {
        notes?.note(verdict.standing)
        guard !verdict.isAllowed else { return }
        refusals.wrappingAdd(1, ordering: .relaxed)
        tally?.count(.rateLimitRefused, clientID: clientID, reason: policy.name)
        throw .tooManyRequests(reason: "limited by \(policy.name)", retryAfter: verdict.wait)
    }

    /// Attempts refused since the start.
    package var refusalCount: Int { refusals.load(ordering: .relaxed) }

    /// Buckets held, for tests of the bound.
    package var keysCount: Int { state.withLock { $0.buckets.count } }

    // MARK: Buckets

    private func visit(
        _ key: String, limit: AttemptLimit?, isKept: Bool = true, now: Date,
        _ body: (inout RateLimitBucket, RateLimitBucket.Place) -> Double?
    ) -> RateLimitVerdict {
        let own = limit ?? policy.limit
        return state.withLock { state in
            let place = state.place
            var index = state.buckets.index(forKey: key)
            var held = key
            if index == nil {
                held = self.place(for: key, in: &state, now: now)
                index = held == key ? nil : state.buckets.index(forKey: held)
            }
            guard let index else {
                var bucket = RateLimitBucket(limit: own, place: place, now: now)
                let wait = body(&bucket, place)
                if isKept {
                    bucket.isListed = held == key
                    if bucket.isListed { state.listed.append(key) }
                    state.buckets[held] = bucket
                }
                return verdict(bucket, wait: wait)
            }
            state.buckets.values[index].change(to: own)
            let wait = body(&state.buckets.values[index], place)
            if isKept, held == key { Self.list(key, index, in: &state) }
            return verdict(state.buckets.values[index], wait: wait)
        }
    }

    private static func list(_ key: String, _ index: Dictionary<String, RateLimitBucket>.Index, in state: inout State) {
        guard !state.buckets.values[index].isListed else { return }
        state.buckets.values[index].isListed = true
        state.listed.append(key)
    }

    private func place(for key: String, in state: inout State, now: Date) -> String {
        if state.buckets.count < Self.keysMax { return key }
        if abs(now.timeIntervalSince(state.sweptAt)) >= Self.sweepInterval {
            state.sweptAt = now
            state.buckets = state.buckets.filter { !$0.value.isIdle(now: now) }
        }
        // Nobody outside knows the seed of this hash, so nobody can choose whom to share with.
        return state.buckets.count < Self.keysMax ? key : Self.overflow[Int(UInt(bitPattern: key.hashValue) % UInt(Self.overflowCount))]
    }

    private func verdict(_ bucket: RateLimitBucket, wait: Double?) -> RateLimitVerdict {
        let burst = Double(bucket.limit.burst)
        let missing = max(0, burst - bucket.level)
        let standing = RateLimitStanding(
            policy: policy.name, quota: bucket.limit.burst, windowSeconds: Self.seconds(burst / bucket.limit.perSecond),
            remaining: wait == nil ? Int(max(0, min(burst, bucket.level))) : 0, resetSeconds: Self.seconds(missing / bucket.limit.perSecond)
        )
        return RateLimitVerdict(
            isAllowed: wait == nil, standing: standing, wait: wait.map { .seconds(Int64(max(1, Self.seconds($0)))) } ?? .zero)
    }

    /// Whole, rounded up; at most some thirty years.
    private static func seconds(_ seconds: Double) -> Int { Int(min(1e9, (seconds - 1e-6).rounded(.up))) }
}

extension AuditEvent.Kind {
    package static let rateLimitRefused = Self("rate_limit.refused")
}

// MARK: The exchange

extension RateLimiter {
    /// What the other nodes must know of one key.
    struct Report: Sendable {
        let key: String
        let spent: Double
        let demand: Double
        let level: Double
        let limit: AttemptLimit
    }

    /// - Parameter countMax: keys beyond these are told the next time.
    func reports(countMax: Int, now: Date) -> [Report] {
        state.withLock { state in
            // Under a flood of keys, those that are used more than once go first.
            let isFlood = state.listed.count > countMax
            var reports: [Report] = []
            for mustBeBusy in isFlood ? [true, false] : [false] {
                var waiting: [String] = []
                for key in state.listed {
                    guard let index = state.buckets.index(forKey: key) else { continue }
                    guard reports.count < countMax, !mustBeBusy || state.buckets.values[index].demand > 1 else {
                        waiting.append(key)
                        continue
                    }
                    state.buckets.values[index].isListed = false
                    if let report = state.buckets.values[index].report(isCautious: policy.isCautious, now: now) {
                        reports.append(
                            Report(
                                key: key, spent: report.spent, demand: report.demand, level: report.level,
                                limit: state.buckets.values[index].limit))
                    }
                }
                state.listed = waiting
            }
            return reports
        }
    }

    /// What came of the reports.
    func adopt(_ answers: [(key: String, level: Double, demand: Double)], now: Date) {
        state.withLock { state in
            for answer in answers {
                guard let index = state.buckets.index(forKey: answer.key) else { continue }
                state.buckets.values[index].adopt(level: answer.level, demand: answer.demand, state.place, now: now)
            }
        }
    }

    /// The reports did not arrive.
    func takeBack(_ reports: [Report]) {
        state.withLock { state in
            for report in reports {
                guard let index = state.buckets.index(forKey: report.key) else { continue }
                state.buckets.values[index].takeBackReport()
                Self.list(report.key, index, in: &state)
            }
        }
    }

    /// How many nodes share the allowances, and whether they can be asked.
    func setPlace(nodes: Int, isCutOff: Bool) {
        let nodes = Double(max(1, nodes))
        let isCareful = policy.isCautious || isCutOff
        state.withLock { $0.place = .init(nodes: nodes, startingPrice: isCareful ? nodes : 1, isCutOff: isCutOff) }
    }
}
