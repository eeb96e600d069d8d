import Web

/// What a limiter says of one attempt.
package struct RateLimitVerdict: Sendable {
    package let isAllowed: Bool
    /// For the `RateLimit` fields.
    package let standing: RateLimitStanding
    /// How long to wait before the next attempt; zero when allowed. An answer says whole seconds, at least one.
    package let wait: Duration

    package var remaining: Int { standing.remaining }
    package var resetIn: Duration { .seconds(standing.resetSeconds) }
}
