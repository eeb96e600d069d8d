/// Reads structured fields after RFC 9651 §4.2, in one pass over the bytes of the combined field.
///
/// Stricter than the RFC in three places: a key or parameter that occurs twice is refused, base64 must be canonical, and
/// everything is bounded. So two readers can't see two meanings, which matters where a signature hangs on it.
struct StructuredFieldParser {
    private let bytes: [UInt8]
    private var index = 0
    private let limits: StructuredFieldLimits

    private static let keyBytesMax = 128

    init(_ text: some Collection<UInt8>, limits: StructuredFieldLimits) throws(StructuredFieldError) {
        guard text.count <= limits.bytesMax else { throw .tooLarge }
        bytes = Array(text)
        self.limits = limits
    }

    /// Runs `body` over the whole field, whose ends may carry spaces.
    mutating func whole<Value>(
        _ body: (inout StructuredFieldParser) throws(StructuredFieldError) -> Value
    ) throws(StructuredFieldError) -> Value {
        skipSpaces()
        let value = try body(&self)
        skipSpaces()
        guard index == bytes.count else { throw malformed }
        return value
    }

    // MARK: - Containers

    mutating func dictionary() throws(StructuredFieldError) -> [StructuredDictionary.Entry] {
        var entries: [StructuredDictionary.Entry] = []
        guard peek != nil else { return entries }
        repeat {
            guard entries.count < limits.membersMax else { throw .tooManyMembers }
            let key = try key()
            guard !entries.contains(where: { $0.key == key }) else { throw .duplicateKey(key) }
            if skip(UInt8(ascii: "=")) {
                entries.append((key, try member()))
            } else {
                entries.append((key, .item(StructuredItem(.boolean(true), parameters: try parameters()))))
            }
        } while try skipComma()
        return entries
    }

    mutating func list() throws(StructuredFieldError) -> [StructuredMember] {
        var members: [StructuredMember] = []
        guard peek != nil else { return members }
        repeat {
            guard members.count < limits.membersMax else { throw .tooManyMembers }
            members.append(try member())
        } while try skipComma()
        return members
    }

    /// Whether another member follows; after a comma one must.
    private mutating func skipComma() throws(StructuredFieldError) -> Bool {
        skipOptionalWhitespace()
        guard peek != nil else { return false }
        guard skip(UInt8(ascii: ",")) else { throw malformed }
        skipOptionalWhitespace()
        guard peek != nil else { throw malformed }
        return true
    }

    private mutating func member() throws(StructuredFieldError) -> StructuredMember {
        guard skip(UInt8(ascii: "(")) else { return .item(try item()) }
        var items: [StructuredItem] = []
        while true {
            skipSpaces()
            if skip(UInt8(ascii: ")")) { return .innerList(StructuredInnerList(items, parameters: try parameters())) }
            guard items.count < limits.itemsMax else { throw .tooManyItems }
            items.append(try item())
            guard peek == UInt8(ascii: " ") || peek == UInt8(ascii: ")") else { throw malformed }
        }
    }

    mutating func item() throws(StructuredFieldError) -> StructuredItem {
        let value = try value()
        return StructuredItem(value, parameters: try parameters())
    }

    private mutating func parameters() throws(StructuredFieldError) -> StructuredParameters {
        var parameters = StructuredParameters()
        while skip(UInt8(ascii: ";")) {
            skipSpaces()
            guard parameters.entries.count < limits.parametersMax else { throw .tooManyParameters }
            let key = try key()
            guard parameters[key] == nil else { throw .duplicateParameter(key) }
            parameters.append(key, skip(UInt8(ascii: "=")) ? try value() : .boolean(true))
        }
        return parameters
    }

    private mutating func key() throws(StructuredFieldError) -> String {
        let start = index
        guard let first = peek, StructuredFieldSyntax.isKeyStart(first) else { throw malformed }
        while let byte = peek, StructuredFieldSyntax.isKey(byte) { index += 1 }
        guard index - start <= Self.keyBytesMax else { throw .tooLarge }
        return text(start..<index)
    }

    // MARK: - Bare items

    private mutating func value() throws(StructuredFieldError) -> StructuredValue {
        guard let first = peek else { throw malformed }
        switch first {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: ":"): return .bytes(try byteSequence())
        case UInt8(ascii: "?"): return .boolean(try boolean())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case _ where StructuredFieldSyntax.isTokenStart(first):
            let start = index
            while let byte = peek, StructuredFieldSyntax.isToken(byte) { index += 1 }
            return .token(text(start..<index))
        default: throw malformed
        }
    }

    private mutating func string() throws(StructuredFieldError) -> String {
        index += 1
        let start = index
        skipPlain()
        // Nearly always there is no escape in it.
        if skip(UInt8(ascii: "\"")) { return text(start..<(index - 1)) }
        var unescaped = Array(bytes[start..<index])
        while skip(UInt8(ascii: "\\")) {
            guard let escaped = peek, escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\") else { throw malformed }
            unescaped.append(escaped)
            index += 1
            let plain = index
            skipPlain()
            unescaped.append(contentsOf: bytes[plain..<index])
        }
        guard skip(UInt8(ascii: "\"")) else { throw malformed }
        return String(decoding: unescaped, as: UTF8.self)
    }

    /// Goes on to what ends a string, begins an escape, or may not stand in one.
    private mutating func skipPlain() {
        while let byte = peek, 0x20...0x7E ~= byte, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { index += 1 }
    }

    private mutating func byteSequence() throws(StructuredFieldError) -> [UInt8] {
        index += 1
        guard let end = bytes[index...].firstIndex(of: UInt8(ascii: ":")), let decoded = Base64.decode(utf8: bytes[index..<end]) else {
            throw malformed
        }
        index = end + 1
        return decoded
    }

    private mutating func boolean() throws(StructuredFieldError) -> Bool {
        index += 1
        if skip(UInt8(ascii: "1")) { return true }
        if skip(UInt8(ascii: "0")) { return false }
        throw malformed
    }

    /// RFC 9651 §4.2.4: an integer has at most 15 digits; a decimal at most 12 before its point, and one to three behind it.
    private mutating func number() throws(StructuredFieldError) -> StructuredValue {
        let isNegative = skip(UInt8(ascii: "-"))
        let whole = try digits(countMax: 15)
        guard peek == UInt8(ascii: ".") else { return .integer(isNegative ? -whole.value : whole.value) }
        guard whole.count <= 12 else { throw malformed }
        index += 1
        let fraction = try digits(countMax: 3)
        let scale: Int64 = fraction.count == 1 ? 100 : fraction.count == 2 ? 10 : 1
        let thousandths = whole.value * 1_000 + fraction.value * scale
        return .decimal(thousandths: isNegative ? -thousandths : thousandths)
    }

    private mutating func digits(countMax: Int) throws(StructuredFieldError) -> (value: Int64, count: Int) {
        var value: Int64 = 0
        var count = 0
        while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
            count += 1
            guard count <= countMax else { throw malformed }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            index += 1
        }
        guard count > 0 else { throw malformed }
        return (value, count)
    }

    // MARK: - Bytes

    private var malformed: StructuredFieldError { .malformed(at: index) }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        index += 1
        return true
    }

    private mutating func skipSpaces() {
        while peek == UInt8(ascii: " ") { index += 1 }
    }

    private mutating func skipOptionalWhitespace() {
        while peek == UInt8(ascii: " ") || peek == UInt8(ascii: "\t") { index += 1 }
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }
}
