/// The parameters of a request, from a query or an `application/x-www-form-urlencoded` body (RFC 6749 Appendix B).
///
/// The text is kept as it came, beside an index of where names and values lie; a value is decoded when it is asked for. What
/// can never be right in any parameter is refused at once: broken escapes, NUL, and bytes that aren't UTF-8.
package struct Parameters: Sendable {
    struct Entry: Sendable {
        var name: Range<Int>
        var value: Range<Int>
        /// Whether name or value hold `+` or `%`.
        var isNameEscaped: Bool
        var isValueEscaped: Bool
    }

    /// The text as it came.
    package let urlEncoded: [UInt8]
    let entries: [Entry]

    /// - Parameters:
    ///   - countMax: how many parameters a request may have.
    ///   - bytesMax: the length of the whole text.
    /// - Throws: `invalid_request`, or `payload_too_large` beyond `bytesMax`.
    package init(urlEncoded bytes: some Collection<UInt8>, countMax: Int = 100, bytesMax: Int = 65_536) throws(OAuthError) {
        guard bytes.count <= bytesMax else { throw .payloadTooLarge() }
        urlEncoded = Array(bytes)
        entries = try ParameterIndex.build(urlEncoded, countMax: countMax)
    }

    /// From pairs of our own making.
    package init(_ pairs: [(String, String)]) throws(OAuthError) {
        try self.init(urlEncoded: Self.encode(pairs).utf8)
    }

    package var isEmpty: Bool { entries.isEmpty }

    /// Each name once, in the order of first appearance.
    package var names: [String] {
        var seen: Set<String> = []
        return entries.map(name(of:)).filter { seen.insert($0).inserted }
    }

    /// Every pair as it came, duplicates and empty values included.
    package var pairs: [(name: String, value: String)] {
        entries.map { (name(of: $0), value(of: $0)) }
    }

    /// The first name that appears twice. RFC 6749 §3.1 forbids it for any parameter, known or not.
    package var firstDuplicate: String? {
        guard entries.count > 1 else { return nil }
        var seen: Set<String> = []
        return entries.lazy.map(name(of:)).first { !seen.insert($0).inserted }
    }

    /// Refuses any parameter that is repeated.
    /// - Parameter repeatable: those that a specification allows to repeat.
    /// - Throws: `invalid_request` naming the parameter.
    package func refuseRepeated(except repeatable: Set<String> = []) throws(OAuthError) {
        guard entries.count > 1 else { return }
        var seen: Set<String> = []
        for name in entries.lazy.map(name(of:)) where !repeatable.contains(name) && !seen.insert(name).inserted {
            throw .invalidRequest("The parameter \(name) is repeated.")
        }
    }

    /// Whether a parameter was sent, with a value or without.
    package func contains(_ name: String) -> Bool {
        entries.contains { isNamed($0, name) }
    }

    /// - Returns: the value; nil where it is absent or empty: a parameter without a value counts as omitted (RFC 6749 §3.1).
    /// - Throws: `invalid_request` naming the parameter where it is repeated, over-long, or holds control characters.
    package func optional(_ name: String, bytesMax: Int = 4_096) throws(OAuthError) -> String? {
        var found: Entry?
        for entry in entries where isNamed(entry, name) {
            guard found == nil else { throw .invalidRequest("The parameter \(name) is repeated.") }
            found = entry
        }
        guard let found, !found.value.isEmpty else { return nil }
        return try checkedValue(of: found, name, bytesMax: bytesMax)
    }

    /// As `optional`, for a parameter that must have a value.
    package func required(_ name: String, bytesMax: Int = 4_096) throws(OAuthError) -> String {
        guard let value = try optional(name, bytesMax: bytesMax) else {
            throw .invalidRequest("The parameter \(name) is missing.")
        }
        return value
    }

    /// Every non-empty value of a parameter that may be repeated, such as `resource` (RFC 8707 §2).
    /// - Throws: `invalid_request` naming the parameter where a value is over-long or holds control characters.
    package func all(_ name: String, bytesMax: Int = 4_096) throws(OAuthError) -> [String] {
        var values: [String] = []
        for entry in entries where isNamed(entry, name) && !entry.value.isEmpty {
            values.append(try checkedValue(of: entry, name, bytesMax: bytesMax))
        }
        return values
    }

    /// `application/x-www-form-urlencoded`, with `%20` for a space so that every reader gets it right.
    package static func encode(_ pairs: [(String, String)]) -> String {
        var output: [UInt8] = []
        for (name, value) in pairs {
            if !output.isEmpty { output.append(UInt8(ascii: "&")) }
            FormEncoding.encode(name, into: &output)
            output.append(UInt8(ascii: "="))
            FormEncoding.encode(value, into: &output)
        }
        return String(decoding: output, as: UTF8.self)
    }
}

extension Parameters {
    private func isNamed(_ entry: Entry, _ name: String) -> Bool {
        // By bytes: Swift's `==` on texts holds some letters equal to others (the Kelvin sign and K).
        guard !entry.isNameEscaped else { return self.name(of: entry).utf8.elementsEqual(name.utf8) }
        guard entry.name.count == name.utf8.count else { return false }
        var index = entry.name.lowerBound
        for byte in name.utf8 {
            guard urlEncoded[index] == byte else { return false }
            index += 1
        }
        return true
    }

    private func name(of entry: Entry) -> String {
        text(entry.name, isEscaped: entry.isNameEscaped)
    }

    private func value(of entry: Entry) -> String {
        text(entry.value, isEscaped: entry.isValueEscaped)
    }

    private func text(_ range: Range<Int>, isEscaped: Bool) -> String {
        let raw = urlEncoded[range]
        guard isEscaped else { return String(decoding: raw, as: UTF8.self) }
        // The index has seen that every escape is whole.
        return String(decoding: FormEncoding.decode(raw) ?? [], as: UTF8.self)
    }

    private func checkedValue(of entry: Entry, _ name: String, bytesMax: Int) throws(OAuthError) -> String {
        // An escape only ever shrinks, so three times the limit can't come down to it.
        guard entry.value.count <= bytesMax * 3 else { throw .invalidRequest("The parameter \(name) is too long.") }
        let value = value(of: entry)
        guard value.utf8.count <= bytesMax else { throw .invalidRequest("The parameter \(name) is too long.") }
        for byte in value.utf8 where byte < 0x20 || byte == 0x7F {
            throw .invalidRequest("The parameter \(name) holds a control character.")
        }
        return value
    }
}

extension Parameters: CustomStringConvertible {
    /// Names only: values may be codes, passwords and tokens.
    package var description: String { "Parameters(\(names.joined(separator: ", ")))" }
}
