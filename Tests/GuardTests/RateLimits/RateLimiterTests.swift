import FoundationEssentials
import OAuthProtocol
import Runtime
import Testing
import Web

@testable import Audit
@testable import Guard

@Suite struct RateLimiterTests {
    private let start = Date(timeIntervalSince1970: 1_767_225_600)

    private func limiter(burst: Int, perMinute: Double, isCautious: Bool = false, tally: AuditTally? = nil) -> RateLimiter {
        RateLimiter(RateLimitPolicy("test", AttemptLimit(burst: burst, perMinute: perMinute), isCautious: isCautious), tally: tally)
    }

    @Test func `a bucket gives its burst, then what comes back`() {
        let limiter = limiter(burst: 3, perMinute: 2)
        #expect((0..<3).allSatisfy { _ in limiter.take("a", now: start).isAllowed })
        let refused = limiter.take("a", now: start)
        #expect(!refused.isAllowed && refused.wait == .seconds(30))
        #expect(!limiter.take("a", now: start + .seconds(29)).isAllowed)
        #expect(limiter.take("a", now: start + .seconds(30)).isAllowed)
        #expect(!limiter.take("a", now: start + .seconds(30)).isAllowed)
        // Never more than the burst.
        #expect((0..<4).map { _ in limiter.take("a", now: start + .hours(9)).isAllowed } == [true, true, true, false])
        #expect(limiter.take("b", now: start).isAllowed)
    }

    @Test func `a clock that goes back neither gives nor takes`() {
        let limiter = limiter(burst: 2, perMinute: 60)
        _ = limiter.take("a", now: start)
        _ = limiter.take("a", now: start)
        #expect(!limiter.take("a", now: start - .hours(1)).isAllowed)
        #expect(limiter.take("a", now: start - .hours(1) + .seconds(1)).isAllowed)
    }

    @Test func `the verdict says what is left, and when it is full again`() {
        let limiter = limiter(burst: 100, perMinute: 60)
        for _ in 0..<50 { _ = limiter.take("a", now: start) }
        let verdict = limiter.judge("a", now: start)
        #expect(verdict.isAllowed && verdict.remaining == 50 && verdict.resetIn == .seconds(50))
        #expect(limiter.judge("a", now: start).remaining == 50)
        for _ in 0..<50 { _ = limiter.take("a", now: start) }
        let refused = limiter.judge("a", now: start)
        #expect(!refused.isAllowed && refused.remaining == 0 && refused.wait == .seconds(1) && refused.resetIn == .seconds(100))
    }

    @Test func `the wait is at least a second`() {
        let limiter = limiter(burst: 1, perMinute: 6_000)
        _ = limiter.take("a", now: start)
        #expect(limiter.take("a", now: start).wait == .seconds(1))
    }

    @Test func `what is charged beyond the allowance is paid back first, within bounds`() {
        let limiter = limiter(burst: 5, perMinute: 60)
        for _ in 0..<8 { limiter.charge("a", now: start) }
        #expect(limiter.judge("a", now: start).wait == .seconds(4))
        for _ in 0..<1_000 { limiter.charge("a", now: start) }
        #expect(limiter.judge("a", now: start).wait == .seconds(11))
    }

    @Test func `what is given back can be taken again, and no more`() {
        let limiter = limiter(burst: 2, perMinute: 1)
        for _ in 0..<10 {
            #expect(limiter.take("a", now: start).isAllowed)
            limiter.giveBack("a")
        }
        limiter.giveBack("a")
        #expect((0..<3).map { _ in limiter.take("a", now: start).isAllowed } == [true, true, false])
    }

    @Test func `a key may bring its own limit, and change it`() {
        let limiter = limiter(burst: 1, perMinute: 1)
        let own = AttemptLimit(burst: 3, perMinute: 60)
        #expect((0..<4).map { _ in limiter.take("a", limit: own, now: start).isAllowed } == [true, true, true, false])
        #expect(limiter.take("b", limit: own, now: start).standing.quota == 3)
        #expect(limiter.take("b", limit: AttemptLimit(burst: 1, perMinute: 1), now: start).isAllowed)
        #expect(!limiter.take("b", limit: AttemptLimit(burst: 1, perMinute: 1), now: start).isAllowed)
    }

    @Test func `a flood of keys costs bounded memory and resets nobody's bucket`() {
        let limiter = limiter(burst: 2, perMinute: 0.01)
        for _ in 0..<2 { _ = limiter.take("victim", now: start) }
        for index in 0..<(RateLimiter.keysMax + 20_000) { _ = limiter.take("flood \(index)", now: start) }
        #expect(limiter.keysCount <= RateLimiter.keysMax + RateLimiter.overflowCount)
        #expect(!limiter.take("victim", now: start).isAllowed)
        // Newcomers share what little there is, and are told to wait like everybody.
        #expect((0..<1_000).allSatisfy { !limiter.take("late \($0)", now: start).isAllowed })
    }

    @Test func `when the flood is over, its buckets go and newcomers find room`() {
        let limiter = limiter(burst: 2, perMinute: 60)
        for index in 0..<(RateLimiter.keysMax + 1_000) { _ = limiter.take("flood \(index)", now: start) }
        limiter.adopt(limiter.reports(countMax: 100_000, now: start).map { ($0.key, 1, 1) }, now: start)
        let later = start + .minutes(1)
        #expect((0..<3).map { _ in limiter.take("late", now: later).isAllowed } == [true, true, false])
        #expect(limiter.keysCount < 1_000)
    }

    @Test func `judging keeps nothing`() {
        let limiter = limiter(burst: 2, perMinute: 60)
        for index in 0..<1_000 { #expect(limiter.judge("key \(index)", now: start).isAllowed) }
        #expect(limiter.keysCount == 0)
    }

    @Test func `refusals are counted with their policy`() throws {
        let tally = AuditTally()
        let limiter = limiter(burst: 1, perMinute: 1, tally: tally)
        let notes = RequestNotes()
        try limiter.require("a", noting: notes, now: start)
        for _ in 0..<3 {
            let error = #expect(throws: OAuthError.self) { try limiter.require("a", clientID: "app", noting: notes, now: start) }
            #expect(error?.code == .tooManyRequests && error?.retryAfter == .seconds(60))
        }
        #expect(notes.closest == RateLimitStanding(policy: "test", quota: 1, windowSeconds: 60, remaining: 0, resetSeconds: 60))
        let events = tally.take()
        #expect(events.map(\.kind.name) == ["rate_limit.refused"])
        #expect(events.first?.clientID == "app" && events.first?.detail == ["count": "3", "reason": "test"])
    }
}
