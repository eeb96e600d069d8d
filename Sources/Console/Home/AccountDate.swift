import FoundationEssentials

/// Instants as people read them; in UTC, since a page without a script can't know the person's zone.
enum AccountDate {
    /// `22 Nov 2026`
    static func day(_ date: Date) -> String {
        let parts = calendar.dateComponents([.day, .month, .year], from: date)
        guard let day = parts.day, let month = parts.month, let year = parts.year, months.indices.contains(month - 1) else { return "" }
        return "\(day) \(months[month - 1]) \(year)"
    }

    /// `22 Nov 2026, 03:45 UTC`
    static func minute(_ date: Date) -> String {
        let parts = calendar.dateComponents([.hour, .minute], from: date)
        return "\(day(date)), \(twoDigits(parts.hour ?? 0)):\(twoDigits(parts.minute ?? 0)) UTC"
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let calendar: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }()

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
