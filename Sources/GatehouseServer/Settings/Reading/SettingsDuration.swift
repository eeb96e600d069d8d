/// Durations as people write them: a whole number and one of the units s, m, h, d.
enum SettingsDuration {
    private static let units: [(suffix: Character, seconds: Int64)] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]

    static func parse(_ text: String) throws(SettingsRefusal) -> Duration {
        let digits = text.dropLast()
        guard let unit = units.first(where: { $0.suffix == text.last }),
            !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int64(digits), count <= 36_500 * 86_400 / unit.seconds
        else {
            throw SettingsRefusal("must be a duration such as 30s, 15m, 1h or 7d")
        }
        return .seconds(count * unit.seconds)
    }

    static func format(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        let unit = units.first { seconds != 0 && seconds.isMultiple(of: $0.seconds) } ?? ("s", 1)
        return "\(seconds / unit.seconds)\(unit.suffix)"
    }
}

extension Duration {
    static func minutes(_ count: Int) -> Duration { .seconds(count * 60) }
    static func hours(_ count: Int) -> Duration { .seconds(count * 3_600) }
    static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
}
