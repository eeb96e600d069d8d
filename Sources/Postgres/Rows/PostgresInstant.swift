import FoundationEssentials

/// timestamptz on the wire: microseconds since 2000-01-01T00:00:00Z, its ends meaning ±infinity.
enum PostgresInstant {
    /// From Swift's reference instant (2001-01-01) back to PostgreSQL's (2000-01-01), a leap year.
    private static let secondsBetweenEpochs: Int64 = 366 * 86_400
    /// 294276-12-31, the last that timestamptz holds, and 4714-11-24 BC, the first.
    private static let microsecondsMax: Int64 = 9_223_371_331_200_000_000
    private static let microsecondsMin: Int64 = -211_813_488_000_000_000

    static func microseconds(of date: Date) throws(PostgresError) -> Int64 {
        let seconds = date.timeIntervalSinceReferenceDate
        // The fraction is scaled alone: a product of the whole would lose its last bits.
        let whole = seconds.rounded(.down)
        guard let wholeSeconds = Int64(exactly: whole), abs(wholeSeconds) < 9_000_000_000_000 else {
            throw PostgresError(.encoding("an instant out of PostgreSQL's range"))
        }
        let microseconds = (wholeSeconds + secondsBetweenEpochs) * 1_000_000 + Int64(((seconds - whole) * 1_000_000).rounded())
        guard microseconds > microsecondsMin, microseconds < microsecondsMax else {
            throw PostgresError(.encoding("an instant out of PostgreSQL's range"))
        }
        return microseconds
    }

    /// - Returns: nil for ±infinity.
    static func date(microseconds: Int64) -> Date? {
        guard microseconds != .max, microseconds != .min else { return nil }
        let (seconds, fraction) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return Date(timeIntervalSinceReferenceDate: Double(seconds - secondsBetweenEpochs) + Double(fraction) / 1_000_000)
    }
}
