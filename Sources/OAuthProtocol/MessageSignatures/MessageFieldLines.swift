/// The lines of one field of a message, put together as RFC 9421 §2.1 says.
struct MessageFieldLines {
    static let bytesMax = 8_192

    private let fields: [SignableMessage.Field]
    /// In lower case.
    let name: String

    init(_ name: String, of message: SignableMessage) {
        fields = message.fields
        self.name = name
    }

    /// Appends the trimmed values with `, ` between them.
    /// - Returns: how many lines there were.
    /// - Throws: `unsafeComponent` for line breaks, other controls and anything but ASCII (§2.5), `componentTooLarge`. Obsolete
    ///   line folding (RFC 9112 §5.2) is a line break like any other: we don't mend it.
    func appendCombined(to output: inout [UInt8]) throws(MessageSignatureRefusal) -> Int {
        let limit = output.count + Self.bytesMax
        var count = 0
        for field in fields where hasName(field.name) {
            if count > 0 { output.append(text: ", ") }
            let isSafe = Self.withTrimmed(field.value) { value in
                output.append(contentsOf: UnsafeBufferPointer(rebasing: value.prefix(limit + 1 - output.count)))
                return value.allSatisfy(Self.isFieldContent)
            }
            guard isSafe else { throw .unsafeComponent(name) }
            guard output.count <= limit else { throw .componentTooLarge(name) }
            count += 1
        }
        return count
    }

    /// Appends each line as a byte sequence of its own (§2.1.3), so that no line can pass for two.
    func appendByteSequences(to output: inout [UInt8]) throws(MessageSignatureRefusal) -> Int {
        let limit = output.count + Self.bytesMax
        var count = 0
        for field in fields where hasName(field.name) {
            let value = Self.withTrimmed(field.value) { Array($0) }
            guard !value.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 == 0 }) else { throw .unsafeComponent(name) }
            guard output.count + value.count <= limit else { throw .componentTooLarge(name) }
            if count > 0 { output.append(text: ", ") }
            StructuredValue.bytes(value).write(into: &output)
            count += 1
        }
        return count
    }

    /// The combined value; nil where the message has no such field.
    func combined() throws(MessageSignatureRefusal) -> [UInt8]? {
        var output: [UInt8] = []
        return try appendCombined(to: &output) > 0 ? output : nil
    }

    /// Names differ in case only, which in the messages of HTTP/2 they don't.
    private func hasName(_ other: String) -> Bool {
        guard other.utf8.count == name.utf8.count else { return false }
        if other == name { return true }
        var (other, name) = (other, name)
        return other.withUTF8 { other in
            name.withUTF8 { name in
                name.indices.allSatisfy {
                    other[$0] == name[$0] || (StructuredFieldSyntax.isLowercase(name[$0]) && other[$0] | 0x20 == name[$0])
                }
            }
        }
    }

    private static func withTrimmed<Result>(_ value: String, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        func trim(_ bytes: UnsafeBufferPointer<UInt8>) -> Result {
            var range = 0..<bytes.count
            while let first = range.first, bytes[first] == 0x20 || bytes[first] == 0x09 { range = (first + 1)..<range.upperBound }
            while let last = range.last, bytes[last] == 0x20 || bytes[last] == 0x09 { range = range.lowerBound..<last }
            return body(UnsafeBufferPointer(rebasing: bytes[range]))
        }
        return value.utf8.withContiguousStorageIfAvailable(trim) ?? Array(value.utf8).withUnsafeBufferPointer(trim)
    }

    private static func isFieldContent(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F || byte == 0x09
    }
}
