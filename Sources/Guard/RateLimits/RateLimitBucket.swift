import FoundationEssentials
import Glibc

/// One key's token bucket as one node sees it. Pure.
///
/// The node keeps the level that all nodes share, as of the last exchange and refilled since, and pays for each attempt the inverse of its
/// own share in the demand: one of four nodes that are asked alike pays four. So the shares together spend what there is, and no more.
struct RateLimitBucket: Sendable {
    /// A key that rests so long is taken for unknown again: somebody else may be asked for it now.
    static let restMax = 10.0
    /// Demand fades by 1/e in so many seconds, here and in the database.
    static let demandFadesIn = 2.0
    /// No node's share counts for less than this.
    static let shareMin = 1.0 / 64
    /// Within so many seconds every node has reported once.
    private static let turn = 1.0
    private static let tolerance = 1e-9

    /// What a node knows of its own place among the others.
    struct Place: Sendable, Equatable {
        /// Nodes that are alive.
        var nodes = 1.0
        /// The price of keys that nothing is known of yet.
        var startingPrice = 1.0
        /// The database has been away for a while: everybody goes on with an equal part.
        var isCutOff = false
    }

    private(set) var limit: AttemptLimit
    private(set) var level: Double
    private(set) var price: Double
    /// Since when it is shared with the others; nil while nothing is known of what they spend.
    private(set) var sharedSince: Date?
    private var refilledAt: Date
    private var touchedAt: Date
    /// One attempt is allowed after each exchange as long as the level has one, or several nodes would leave the last few to each other.
    private var mayTakeOne = true
    /// Since the last report.
    private(set) var spent = 0.0
    private(set) var demand = 0.0
    /// Own demand of the last seconds, fading as the shared one does.
    private var pace = 0.0
    private var pacedAt: Date
    private var reported: (spent: Double, demand: Double)?
    /// Whether it waits to be looked at by the next exchange.
    var isListed = false

    init(limit: AttemptLimit, place: Place, now: Date) {
        self.limit = limit
        level = Double(limit.burst)
        price = place.startingPrice
        refilledAt = now
        touchedAt = now
        pacedAt = now
    }

    /// - Returns: nil when it is allowed and taken, else the seconds to wait.
    mutating func take(_ place: Place, now: Date) -> Double? {
        touch(place, now: now)
        demand += 1
        guard let wait = wait(place) else {
            spend(1)
            return nil
        }
        return wait
    }

    /// - Returns: nil when an attempt would be allowed, else the seconds to wait.
    mutating func judge(_ place: Place, now: Date) -> Double? {
        touch(place, now: now)
        return wait(place)
    }

    /// Counts an attempt that has taken place, allowed or not: what it takes too much is paid back.
    mutating func charge(_ place: Place, now: Date) {
        touch(place, now: now)
        demand += 1
        spend(1)
    }

    mutating func giveBack() {
        spent -= 1
        demand = max(0, demand - 1)
        level = min(levelMax, level + price)
    }

    /// The owner of the limit has changed it.
    mutating func change(to limit: AttemptLimit) {
        guard limit != self.limit else { return }
        level = min(level, Double(limit.burst))
        self.limit = limit
    }

    /// Whether it says nothing that a new bucket would not say.
    func isIdle(now: Date) -> Bool {
        guard reported == nil, !isListed else { return false }
        return level + max(0, now.timeIntervalSince(refilledAt)) * limit.perSecond >= Double(limit.burst)
    }

    // MARK: The exchange

    /// What the other nodes must know; nil when it isn't worth telling.
    mutating func report(isCautious: Bool, now: Date) -> (spent: Double, demand: Double, level: Double)? {
        refill(now)
        guard spent != 0 || demand > 0 else { return nil }
        let isWorthTelling =
            isCautious || sharedSince != nil || level < 0.9 * Double(limit.burst) || spent * 16 > limit.perSecond
        guard isWorthTelling else {
            // It came back meanwhile.
            spent = min(spent, Double(limit.burst) - level)
            return nil
        }
        fade(now)
        pace += demand
        let report = (spent: spent, demand: demand)
        reported = report
        spent = 0
        demand = 0
        return (report.spent, report.demand, sharedSince == nil ? Double(limit.burst) - report.spent : level)
    }

    /// What all nodes together have left, and how much they were asked.
    mutating func adopt(level shared: Double, demand total: Double, _ place: Place, now: Date) {
        reported = nil
        let since = sharedSince ?? now
        sharedSince = since
        let share = total > 0 ? min(1, max(Self.shareMin, pace / total)) : 1
        let known = min(Double(limit.burst), shared)
        if place.startingPrice > 1, now.timeIntervalSince(since) < Self.turn {
            // Who is first to report looks as if it were alone, until the others have had their turn.
            price = max(1 / share, place.startingPrice)
            level = min(level, known - spent * price)
        } else {
            price = 1 / share
            level = known - spent * price
        }
        mayTakeOne = spent == 0
        refilledAt = now
    }

    /// The report did not arrive: it goes with the next.
    mutating func takeBackReport() {
        guard let reported else { return }
        spent += reported.spent
        demand += reported.demand
        pace = max(0, pace - reported.demand)
        self.reported = nil
    }

    // MARK: Arithmetic

    private var levelMax: Double { max(Double(limit.burst), price) }
    /// Debts end here, so that nobody waits for ever.
    private var levelMin: Double { -2 * Double(limit.burst) }

    private func wait(_ place: Place) -> Double? {
        let needed = mayTakeOne ? 1 : price
        guard level + Self.tolerance < needed else { return nil }
        let wait = (needed - level) / limit.perSecond
        // There is something left, and the next exchange says for whom.
        return level >= 1 && sharedSince != nil && !place.isCutOff ? min(1, wait) : wait
    }

    private mutating func spend(_ count: Double) {
        level = max(levelMin, level - count * price)
        spent += count
        mayTakeOne = false
    }

    private mutating func touch(_ place: Place, now: Date) {
        if now.timeIntervalSince(touchedAt) > Self.restMax, reported == nil {
            refill(now)
            level = min(level, Double(limit.burst))
            mayTakeOne = true
            sharedSince = nil
        }
        if sharedSince == nil {
            price = place.startingPrice
        } else if place.isCutOff {
            price = min(price, place.nodes)
        }
        touchedAt = now
        refill(now)
    }

    private mutating func refill(_ now: Date) {
        let seconds = max(0, now.timeIntervalSince(refilledAt))
        level = min(levelMax, level + seconds / 60 * limit.perMinute)
        refilledAt = now
    }

    private mutating func fade(_ now: Date) {
        pace *= exp(-max(0, now.timeIntervalSince(pacedAt)) / Self.demandFadesIn)
        pacedAt = now
    }
}
