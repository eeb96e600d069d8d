import FoundationEssentials
import Glibc

@testable import Guard

/// What the table does (`RateLimitStore.exchange`), without a database.
struct SimulatedLedger {
    struct Row {
        var level: Double
        var demand: Double
        var refilledAt: Date
    }

    private(set) var rows: [String: Row] = [:]
    var isAway = false

    mutating func exchange(_ reports: [RateLimiter.Report], now: Date) -> [(key: String, level: Double, demand: Double)] {
        reports.map { report in
            let row = changed(rows[report.key], by: report, now: now)
            rows[report.key] = row
            return (report.key, row.level, row.demand)
        }
    }

    private func changed(_ held: Row?, by report: RateLimiter.Report, now: Date) -> Row {
        guard let held else { return Row(level: report.level, demand: report.demand, refilledAt: now) }
        let capacity = Double(report.limit.burst) + report.limit.perMinute / 60
        let seconds = max(0, now.timeIntervalSince(held.refilledAt))
        let level = held.level - report.spent + report.limit.perMinute / 60 * seconds
        return Row(
            level: max(-2 * capacity, min(capacity, level)),
            demand: report.demand + max(held.demand, 1e-9) * exp(-min(60, seconds) / RateLimitBucket.demandFadesIn),
            refilledAt: max(now, held.refilledAt))
    }
}

/// Several nodes on one ledger, in a time of their own that runs in steps of 10 ms. Nobody draws lots.
struct SimulatedNodes {
    static let start = Date(timeIntervalSince1970: 1_767_225_600)
    private static let step = 0.01

    struct Node {
        let limiter: RateLimiter
        /// When in each second it exchanges.
        let phase: Int
        var attemptsPerSecond: Double
        var isAlive = true
        var owed = 0.0
        var allowed = 0
        var refused = 0
        var missedSince: Int?
    }

    var nodes: [Node] = []
    var ledger = SimulatedLedger()
    private(set) var steps = 0
    private let policy: RateLimitPolicy
    private let knowsCount: Bool

    /// - Parameter knowsCount: whether nodes know how many they are before they have met.
    init(_ limit: AttemptLimit, isCautious: Bool = false, knowsCount: Bool = true, loads: [Double]) {
        policy = RateLimitPolicy("simulated", limit, isCautious: isCautious)
        self.knowsCount = knowsCount
        for load in loads { join(load) }
    }

    var now: Date { Self.start.addingTimeInterval(Double(steps) * Self.step) }
    var allowed: Int { nodes.reduce(0) { $0 + $1.allowed } }
    var refused: Int { nodes.reduce(0) { $0 + $1.refused } }

    mutating func join(_ load: Double) {
        nodes.append(Node(limiter: RateLimiter(policy), phase: nodes.count * 37 % 100, attemptsPerSecond: load))
        if knowsCount { for node in nodes { node.limiter.setPlace(nodes: nodes.count, isCutOff: false) } }
    }

    /// - Returns: what was allowed meanwhile.
    @discardableResult
    mutating func run(seconds: Double) -> Int {
        let before = allowed
        for _ in 0..<Int((seconds / Self.step).rounded()) {
            steps += 1
            for index in nodes.indices where nodes[index].isAlive {
                ask(index)
                if steps % 100 == nodes[index].phase { exchange(index) }
            }
        }
        return allowed - before
    }

    private mutating func ask(_ index: Int) {
        nodes[index].owed += nodes[index].attemptsPerSecond * Self.step
        while nodes[index].owed >= 1 - 1e-9 {
            nodes[index].owed -= 1
            if nodes[index].limiter.take("key", now: now).isAllowed { nodes[index].allowed += 1 } else { nodes[index].refused += 1 }
        }
    }

    private mutating func exchange(_ index: Int) {
        let limiter = nodes[index].limiter
        let reports = limiter.reports(countMax: 500, now: now)
        guard !reports.isEmpty else { return }
        guard !ledger.isAway else {
            limiter.takeBack(reports)
            let since = nodes[index].missedSince ?? steps
            nodes[index].missedSince = since
            if steps - since >= 1_000 { limiter.setPlace(nodes: nodes.count, isCutOff: true) }
            return
        }
        limiter.adopt(ledger.exchange(reports, now: now), now: now)
        if nodes[index].missedSince != nil { limiter.setPlace(nodes: nodes.count, isCutOff: false) }
        nodes[index].missedSince = nil
    }
}
