/// The elements of a list field from the last to the first, across its lines, without the white space around them.
///
/// The nearest proxy writes at the end. Read from there, nothing that a stranger put before it, such as a quotation mark that is never closed,
/// can change how its words are understood. Commas in quoted strings (RFC 9110 §5.6.4) don't separate; empty elements are skipped.
struct ProxyElements: Sequence, IteratorProtocol {
    private var lines: [String]
    private var rest: ArraySlice<UInt8>?

    init(_ lines: [String]) {
        self.lines = lines
    }

    mutating func next() -> ArraySlice<UInt8>? {
        while true {
            if let line = rest {
                let comma = Self.lastSeparator(UInt8(ascii: ","), in: line)
                rest = comma.map { line[..<$0] }
                let element = Self.trimmed(comma.map { line[($0 + 1)...] } ?? line)
                if !element.isEmpty { return element }
            } else {
                guard let line = lines.popLast() else { return nil }
                rest = Array(line.utf8)[...]
            }
        }
    }

    /// Where the last separator outside quotation marks is, reading backwards.
    static func lastSeparator(_ separator: UInt8, in bytes: ArraySlice<UInt8>) -> Int? {
        var isQuoted = false
        var index = bytes.endIndex
        while index > bytes.startIndex {
            index -= 1
            if bytes[index] == UInt8(ascii: "\"") {
                // Behind an odd number of backslashes it belongs to the text.
                let escapes = bytes[bytes.startIndex..<index].reversed().prefix { $0 == UInt8(ascii: "\\") }.count
                if escapes.isMultiple(of: 2) { isQuoted.toggle() }
            } else if bytes[index] == separator, !isQuoted {
                return index
            }
        }
        return nil
    }

    /// The pairs `name=value` of one element, split at semicolons; names in lower case, values without their quotation marks.
    /// - Returns: nil when one is no pair, a quoted value doesn't end, or a name occurs twice.
    static func pairs(_ element: ArraySlice<UInt8>) -> [String: [UInt8]]? {
        var pairs: [String: [UInt8]] = [:]
        var rest: ArraySlice<UInt8>? = element
        while let text = rest {
            let semicolon = lastSeparator(UInt8(ascii: ";"), in: text)
            rest = semicolon.map { text[..<$0] }
            let pair = trimmed(semicolon.map { text[($0 + 1)...] } ?? text)
            guard !pair.isEmpty else { continue }
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), equals > pair.startIndex, let value = unquoted(pair[(equals + 1)...])
            else { return nil }
            let name = String(decoding: pair[..<equals], as: UTF8.self).lowercased()
            guard pairs.updateValue(value, forKey: name) == nil, pairs.count <= pairsMax else { return nil }
        }
        return pairs
    }

    private static let pairsMax = 64

    private static func unquoted(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.first == UInt8(ascii: "\"") else {
            return text.contains(UInt8(ascii: "\"")) ? nil : Array(text)
        }
        var value: [UInt8] = []
        value.reserveCapacity(text.count)
        var index = text.startIndex + 1
        while index < text.endIndex {
            switch text[index] {
            case UInt8(ascii: "\""):
                return index + 1 == text.endIndex ? value : nil
            case UInt8(ascii: "\\"):
                index += 1
                guard index < text.endIndex else { return nil }
                value.append(text[index])
            default:
                value.append(text[index])
            }
            index += 1
        }
        return nil
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var text = text.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text.removeLast() }
        return text
    }
}
