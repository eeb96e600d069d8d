import FoundationEssentials
import Testing

@testable import Guard

/// How well nodes share one allowance, in simulated time. What is promised stands in docs/design.md "Limits".
@Suite struct RateLimitSimulationTests {
    /// 100 a second.
    private let limit = AttemptLimit(burst: 200, perMinute: 6_000)

    private func expectShared(_ allowed: Int, of expected: Int, _ what: String) {
        let range = expected * 8 / 10...expected * 12 / 10
        #expect(range.contains(allowed), "\(what): \(allowed) of \(expected)")
    }

    @Test(arguments: [
        [100.0, 100, 100, 100], [400.0, 10, 10, 10], [1_000.0, 1_000], [97.0, 1, 1, 10], [300.0], [30.0, 30, 30, 30, 30, 30, 30, 30],
    ])
    func `nodes together allow what one would, evenly or unevenly loaded`(loads: [Double]) {
        var nodes = SimulatedNodes(limit, loads: loads)
        nodes.run(seconds: 10)
        for _ in 0..<6 { expectShared(nodes.run(seconds: 10), of: 1_000, "\(loads)") }
    }

    @Test func `what is left over by one is used by others, as the load moves`() {
        var nodes = SimulatedNodes(limit, loads: [300, 0, 0])
        nodes.run(seconds: 10)
        for turn in 1...6 {
            for index in 0..<3 { nodes.nodes[index].attemptsPerSecond = index == turn % 3 ? 300 : 0 }
            nodes.run(seconds: 4)
            expectShared(nodes.run(seconds: 10), of: 1_000, "turn \(turn)")
        }
    }

    @Test func `a node dies, and the others take over its part`() {
        var nodes = SimulatedNodes(limit, loads: [300, 100, 50])
        nodes.run(seconds: 10)
        nodes.nodes[0].isAlive = false
        nodes.run(seconds: 4)
        expectShared(nodes.run(seconds: 10), of: 1_000, "after the death")
    }

    @Test func `a node joins, and takes only its part`() {
        var nodes = SimulatedNodes(limit, loads: [100, 100])
        nodes.run(seconds: 20)
        nodes.join(300)
        nodes.run(seconds: 4)
        expectShared(nodes.run(seconds: 10), of: 1_000, "after the join")
    }

    @Test(arguments: [[20.0, 20, 20, 20], [70.0, 5, 5], [79.0, 1]])
    func `below the limit nobody is refused`(loads: [Double]) {
        var nodes = SimulatedNodes(limit, loads: loads)
        nodes.run(seconds: 120)
        #expect(nodes.refused == 0)
    }

    @Test func `below a small limit nobody is refused either, wherever the attempts arrive`() {
        var nodes = SimulatedNodes(AttemptLimit(burst: 10, perMinute: 60), isCautious: true, loads: [0.5, 0.1, 0.1, 0.1])
        nodes.run(seconds: 600)
        #expect(nodes.refused == 0)
    }

    @Test(arguments: [2, 4, 10])
    func `guesses spread over all nodes get one burst, not one for each node`(count: Int) {
        let limit = AttemptLimit(burst: 10, perMinute: 2)
        var nodes = SimulatedNodes(limit, isCautious: true, loads: Array(repeating: 20, count: count))
        let first = nodes.run(seconds: 10)
        #expect((5...10 + count - 1).contains(first), "\(first) in ten seconds")
        let hour = nodes.run(seconds: 3_590) + first
        // The burst, two a minute, and at most one for every further node.
        #expect((100...130 + count - 1).contains(hour), "\(hour) in an hour")
    }

    @Test func `nodes that don't know of each other yet repay what they gave too much`() {
        let limit = AttemptLimit(burst: 10, perMinute: 2)
        var nodes = SimulatedNodes(limit, isCautious: true, knowsCount: false, loads: [20, 20, 20])
        #expect(nodes.run(seconds: 5) <= 30)
        // 20 too many: nobody may for ten minutes.
        #expect(nodes.run(seconds: 580) <= 2)
        #expect((18...23).contains(nodes.run(seconds: 600)))
    }

    @Test func `one who goes from node to node finds the allowance used`() {
        var nodes = SimulatedNodes(AttemptLimit(burst: 10, perMinute: 2), isCautious: true, loads: [20, 0, 0, 0])
        nodes.run(seconds: 5)
        for index in 1..<4 {
            nodes.nodes[index - 1].attemptsPerSecond = 0
            nodes.nodes[index].attemptsPerSecond = 20
            nodes.run(seconds: 5)
        }
        // Each further node gives the part that it may before it has asked.
        #expect(nodes.allowed <= 10 + 3 * 3 + 1, "\(nodes.allowed)")
        let later = nodes.run(seconds: 600)
        #expect(later <= 20, "\(later)")
    }

    @Test(arguments: [[300.0, 300, 300], [900.0, 10, 10]])
    func `without the database everybody goes on with their part`(loads: [Double]) {
        var nodes = SimulatedNodes(limit, loads: loads)
        nodes.run(seconds: 20)
        nodes.ledger.isAway = true
        nodes.run(seconds: 10)
        for _ in 0..<6 {
            let allowed = nodes.run(seconds: 10)
            #expect((300...2_000).contains(allowed), "\(loads): \(allowed)")
        }
        nodes.ledger.isAway = false
        nodes.run(seconds: 10)
        expectShared(nodes.run(seconds: 10), of: 1_000, "after the outage")
    }

    @Test func `without the database the load may move, and neither is refused for ever nor allowed without end`() {
        var nodes = SimulatedNodes(limit, loads: [300, 1, 1])
        nodes.run(seconds: 20)
        nodes.ledger.isAway = true
        nodes.nodes[0].attemptsPerSecond = 0
        nodes.nodes[1].attemptsPerSecond = 300
        nodes.run(seconds: 15)
        let allowed = nodes.run(seconds: 30)
        // A third of the allowance.
        #expect((900...1_100).contains(allowed), "\(allowed)")
    }

    @Test func `only keys that are used travel, and nothing does when nobody asks`() {
        let limiter = RateLimiter(RateLimitPolicy("simulated", limit))
        let now = SimulatedNodes.start
        #expect(limiter.reports(countMax: 10, now: now).isEmpty)
        // Too little to tell.
        _ = limiter.take("rare", now: now)
        for _ in 0..<50 { _ = limiter.take("busy", now: now) }
        #expect(limiter.reports(countMax: 10, now: now).map(\.key) == ["busy"])
        limiter.adopt([("busy", 150, 50)], now: now)
        #expect(limiter.reports(countMax: 10, now: now).isEmpty)
        for index in 0..<30 { for _ in 0..<50 { _ = limiter.take("key \(index)", now: now) } }
        let first = limiter.reports(countMax: 20, now: now).map(\.key)
        let second = limiter.reports(countMax: 20, now: now).map(\.key)
        #expect(first.count == 20 && second.count == 10 && Set(first).isDisjoint(with: second))
    }
}
