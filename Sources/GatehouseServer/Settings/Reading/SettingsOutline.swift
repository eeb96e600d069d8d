/// The effective settings as YAML, written down while they are read, so that the print can't drift from the reading.
struct SettingsOutline {
    private(set) var lines: [String] = []
    private var depth = 0
    private var opensItem = false

    var text: String { lines.map { $0 + "\n" }.joined() }

    mutating func scalar(_ key: String, _ value: String, note: String? = nil) {
        add("\(key): \(value)" + (note.map { "  # \($0)" } ?? ""))
    }

    mutating func scalars(_ key: String, _ values: [String]) {
        add("\(key): [\(values.joined(separator: ", "))]")
    }

    /// A mapping under a key; left out altogether when nothing was written inside.
    mutating func open(_ key: String) -> Int {
        add("\(key):")
        depth += 1
        return lines.count
    }

    mutating func close(_ mark: Int) {
        depth -= 1
        if lines.count == mark { lines.removeLast() }
    }

    /// One mapping of a list: its first line carries the dash.
    mutating func openItem() {
        opensItem = true
        depth += 1
    }

    mutating func closeItem() {
        opensItem = false
        depth -= 1
    }

    private mutating func add(_ line: String) {
        let indent = String(repeating: "  ", count: opensItem ? depth - 1 : depth)
        lines.append(indent + (opensItem ? "- " : "") + line)
        opensItem = false
    }

    /// A YAML scalar that reads back as this very text.
    static func quoted(_ text: String) -> String {
        if isPlain(text) { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: quoted += "\\x" + hex(scalar.value)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    private static func hex(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return digits.count == 1 ? "0" + digits : digits
    }

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first) || first == UInt8(ascii: "/") || first == UInt8(ascii: ".") else { return false }
        let words: Set = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "."]
        guard !words.contains(text.lowercased()) else { return false }
        let colonEnds = text.utf8.last == UInt8(ascii: ":")
        return !colonEnds
            && text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || "-_./:@+".utf8.contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
