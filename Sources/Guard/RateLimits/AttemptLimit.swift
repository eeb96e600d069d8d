/// How many attempts are allowed: `burst` at once, refilled at `perMinute`.
package struct AttemptLimit: Sendable, Equatable {
    package var burst: Int
    package var perMinute: Double

    package init(burst: Int, perMinute: Double) {
        self.burst = burst
        self.perMinute = perMinute
    }

    var perSecond: Double { perMinute / 60 }

    /// How long an empty bucket takes to fill.
    package var window: Duration { .seconds(Int64((Double(burst) / perSecond).rounded(.up))) }
}
