/// "Did you mean …?" for a name that nobody knows.
enum SettingsSuggestion {
    /// An ending for a message, with a leading space, or nothing when no known name is close.
    static func ending(for name: String, among known: some Collection<String>) -> String {
        let limit = max(1, name.utf8.count / 3)
        let nearest = known.map { (distance(name, $0, limit: limit), $0) }.min { $0 < $1 }
        guard let nearest, nearest.0 <= limit else { return "" }
        return " (did you mean \(nearest.1)?)"
    }

    /// Levenshtein's distance, two rows at a time.
    private static func distance(_ left: String, _ right: String, limit: Int) -> Int {
        let left = Array(left.utf8.prefix(128))
        let right = Array(right.utf8.prefix(128))
        guard abs(left.count - right.count) <= limit else { return .max }
        var previous = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                let substitution = previous[column] + (byte == other ? 0 : 1)
                current.append(min(substitution, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[right.count]
    }
}
