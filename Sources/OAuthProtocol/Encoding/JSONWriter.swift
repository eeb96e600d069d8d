/// Writes JSON (RFC 8259) front to back into one buffer. Nothing is allocated but that buffer, which is why tokens and
/// replies on hot paths use it rather than an encoder. Member names are written in the order of the calls.
package struct JSONWriter: Sendable {
    /// What has been written so far.
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init(capacity: Int = 512) {
        bytes.reserveCapacity(capacity)
    }

    // MARK: Values: a whole text, or the next element of an array

    package mutating func object<E: Error>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
        open(UInt8(ascii: "{"))
        try body(&self)
        close(UInt8(ascii: "}"))
    }

    package mutating func array<E: Error>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
        open(UInt8(ascii: "["))
        try body(&self)
        close(UInt8(ascii: "]"))
    }

    package mutating func value(_ text: String) {
        separate()
        appendQuoted(text)
    }

    /// A text by its bytes, which must be valid UTF-8.
    package mutating func value(utf8 text: [UInt8]) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        text.withUnsafeBufferPointer { appendEscaped($0) }
        bytes.append(UInt8(ascii: "\""))
    }

    package mutating func value(_ number: Int) {
        separate()
        append(Int64(number))
    }

    package mutating func value(_ flag: Bool) {
        separate()
        appendASCII(flag ? "true" : "false")
    }

    package mutating func value(_ texts: [String]) {
        array { for text in texts { $0.value(text) } }
    }

    package mutating func value(_ json: JSONValue) {
        switch json {
        case .null: null()
        case .bool(let flag): value(flag)
        case .int(let number):
            separate()
            append(number)
        case .double(let number): value(number)
        case .string(let text): value(text)
        case .array(let elements): array { for element in elements { $0.value(element) } }
        case .object(let members):
            object { writer in
                for (name, member) in members.sorted(by: { $0.key < $1.key }) { writer.field(name, member) }
            }
        }
    }

    /// JSON has no infinities and no NaN (RFC 8259 §6): those are written as null.
    package mutating func value(_ number: Double) {
        separate()
        appendASCII(number.isFinite ? number.description : "null")
    }

    package mutating func null() {
        separate()
        appendASCII("null")
    }

    /// Puts a ready JSON text in place of a value, unchecked: for what this program has encoded before.
    package mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
    }

    // MARK: Members of an object

    package mutating func field(_ name: String, _ text: String) {
        key(name)
        value(text)
    }

    package mutating func field(_ name: String, _ number: Int) {
        key(name)
        value(number)
    }

    package mutating func field(_ name: String, _ flag: Bool) {
        key(name)
        value(flag)
    }

    package mutating func field(_ name: String, _ texts: [String]) {
        key(name)
        value(texts)
    }

    package mutating func field(_ name: String, _ json: JSONValue) {
        key(name)
        value(json)
    }

    /// Writes nothing for nil.
    package mutating func field(_ name: String, ifPresent text: String?) {
        if let text { field(name, text) }
    }

    /// Writes nothing for nil.
    package mutating func field(_ name: String, ifPresent number: Int?) {
        if let number { field(name, number) }
    }

    /// Writes nothing for nil.
    package mutating func field(_ name: String, ifPresent json: JSONValue?) {
        if let json { field(name, json) }
    }

    package mutating func field(_ name: String, raw json: some Sequence<UInt8>) {
        key(name)
        raw(json)
    }

    package mutating func object<E: Error>(_ name: String, _ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
        key(name)
        try object(body)
    }

    package mutating func array<E: Error>(_ name: String, _ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
        key(name)
        try array(body)
    }

    // MARK: Bytes

    private mutating func key(_ name: String) {
        separate()
        appendQuoted(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func appendASCII(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func append(_ number: Int64) {
        var digits: (UInt64, UInt64, UInt32) = (0, 0, 0)  // 20 bytes: the longest is "-9223372036854775808"
        withUnsafeMutableBytes(of: &digits) { buffer in
            var start = buffer.count
            var rest = number.magnitude
            repeat {
                start -= 1
                buffer[start] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            if number < 0 {
                start -= 1
                buffer[start] = UInt8(ascii: "-")
            }
            bytes.append(contentsOf: buffer[start...])
        }
    }

    private mutating func appendQuoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        let utf8 = text.utf8
        if utf8.withContiguousStorageIfAvailable({ appendEscaped($0) }) == nil {
            Array(utf8).withUnsafeBufferPointer { appendEscaped($0) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Copies runs that need no escape as they are: nearly always the whole text.
    private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        var runStart = 0
        var index = 0
        while index < text.count {
            if text.count - index >= 8,
                !JSONText.mayNeedEscape(UnsafeRawBufferPointer(text).loadUnaligned(fromByteOffset: index, as: UInt64.self))
            {
                index += 8
                continue
            }
            let byte = text[index]
            index += 1
            if !JSONText.needsEscape(byte) { continue }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[runStart..<(index - 1)]))
            runStart = index
            appendEscape(of: byte)
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[runStart...]))
    }

    private mutating func appendEscape(of byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case 0x0A: appendASCII("\\n")
        case 0x0D: appendASCII("\\r")
        case 0x09: appendASCII("\\t")
        default:
            let digits: StaticString = "0123456789abcdef"
            appendASCII("\\u00")
            bytes.append(digits.utf8Start[Int(byte >> 4)])
            bytes.append(digits.utf8Start[Int(byte & 15)])
        }
    }
}
