/// A bare item (RFC 9651 §3.3). Dates and display strings, which RFC 8941 doesn't know, are not read.
package enum StructuredValue: Sendable, Equatable {
    /// At most 15 digits.
    case integer(Int64)
    /// At most 12 digits and three decimals, kept as thousandths, so that nothing is rounded.
    case decimal(thousandths: Int64)
    /// Printable ASCII.
    case string(String)
    case token(String)
    case bytes([UInt8])
    case boolean(Bool)

    package var string: String? { if case .string(let text) = self { text } else { nil } }
    package var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
    package var bytes: [UInt8]? { if case .bytes(let bytes) = self { bytes } else { nil } }

    /// Appends the one serialisation that the value has (RFC 9651 §4.1.3).
    package func write(into output: inout [UInt8]) {
        switch self {
        case .integer(let number): output.append(text: String(number))
        case .decimal(let thousandths): Self.write(thousandths: thousandths, into: &output)
        case .string(let text): Self.write(string: text, into: &output)
        case .token(let text): output.append(text: text)
        case .bytes(let bytes):
            output.append(UInt8(ascii: ":"))
            Base64.encode(bytes, into: &output)
            output.append(UInt8(ascii: ":"))
        case .boolean(let isTrue):
            output.append(UInt8(ascii: "?"))
            output.append(isTrue ? UInt8(ascii: "1") : UInt8(ascii: "0"))
        }
    }

    static func write(string text: String, into output: inout [UInt8]) {
        var text = text
        output.append(UInt8(ascii: "\""))
        text.withUTF8 { utf8 in
            if utf8.contains(where: mustBeEscaped) {
                for byte in utf8 {
                    if mustBeEscaped(byte) { output.append(UInt8(ascii: "\\")) }
                    output.append(byte)
                }
            } else {
                output.append(contentsOf: utf8)
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    private static func mustBeEscaped(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") }

    private static func write(thousandths: Int64, into output: inout [UInt8]) {
        let (whole, fraction) = thousandths.magnitude.quotientAndRemainder(dividingBy: 1_000)
        if thousandths < 0 { output.append(UInt8(ascii: "-")) }
        output.append(text: String(whole))
        output.append(UInt8(ascii: "."))
        output.append(UInt8(ascii: "0") + UInt8(fraction / 100))
        if fraction % 100 != 0 { output.append(UInt8(ascii: "0") + UInt8(fraction / 10 % 10)) }
        if fraction % 10 != 0 { output.append(UInt8(ascii: "0") + UInt8(fraction % 10)) }
    }
}
