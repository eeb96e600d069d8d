/// How many attempts are allowed: `burst` at once, refilled at `perMinute`.
package struct AttemptLimit: Sendable, Equatable {
    package var burst: Int
    package var perMinute: Double

    package init(burst: Int, perMinute: Double) {
        self.burst = burst
        self.perMinute = perMinute
    }
}
