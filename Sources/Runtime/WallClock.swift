import FoundationEssentials

/// Where the present comes from. Everything else takes `now` as a parameter, so that tests can move it.
package protocol WallClock: Sendable {
    var now: Date { get }
}

/// The machine's clock.
package struct SystemClock: WallClock {
    package init() {}

    package var now: Date { Date() }
}

extension Date {
    /// The whole seconds since 1970 that JWT claims carry (RFC 7519 §2, NumericDate).
    package var numericDate: Int { Int(timeIntervalSince1970.rounded(.down)) }

    package static func + (date: Date, duration: Duration) -> Date { date.addingTimeInterval(duration.inSeconds) }

    package static func - (date: Date, duration: Duration) -> Date { date.addingTimeInterval(-duration.inSeconds) }
}

extension Duration {
    /// This duration in seconds, fractions included.
    package var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }

    package static func minutes(_ count: Int) -> Duration { .seconds(count * 60) }

    package static func hours(_ count: Int) -> Duration { .seconds(count * 3_600) }

    package static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
}
