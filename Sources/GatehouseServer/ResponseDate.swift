import FoundationEssentials
import Synchronization

/// The Date field (RFC 9110 §5.6.7), written once a second.
final class ResponseDate: Sendable {
    private let current = Mutex((second: Int.min, text: ""))

    func text(_ now: Date) -> String {
        let second = Int(now.timeIntervalSince1970.rounded(.down))
        return current.withLock { current in
            if current.second != second { current = (second, Self.format(now)) }
            return current.text
        }
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`
    static func format(_ date: Date) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.weekday, .day, .month, .year, .hour, .minute, .second], from: date)
        func digits(_ number: Int?) -> String { (number ?? 0) < 10 ? "0\(number ?? 0)" : "\(number ?? 0)" }
        let day = days[(parts.weekday ?? 1) - 1]
        let month = months[(parts.month ?? 1) - 1]
        return "\(day), \(digits(parts.day)) \(month) \(parts.year ?? 0) "
            + "\(digits(parts.hour)):\(digits(parts.minute)):\(digits(parts.second)) GMT"
    }

    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
