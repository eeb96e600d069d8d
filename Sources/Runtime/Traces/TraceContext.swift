/// Where a request stands in somebody's trace (W3C Trace Context): taken from `traceparent`, or begun here.
package struct TraceContext: Sendable, Equatable {
    /// 32 hexadecimal digits in lower case.
    package let traceID: String
    /// This request's own span: 16 of them.
    package let spanID: String
    /// The span that called, where the request named one.
    package let parentID: String?

    /// Goes on with a `traceparent`.
    /// - Returns: nil where it is malformed (§2.2.2); then a trace is begun as if there had been none.
    package init?(continuing text: String, spanID: @autoclosure () -> String) {
        let bytes = text.utf8
        // Version 00 has exactly this form; a later one may go on behind a hyphen (§2.2.4). Nothing longer is looked at.
        guard bytes.count >= Self.length, bytes.count <= Self.lengthMax else { return nil }
        let form = Array(bytes)
        let version = form[0..<2]
        guard version.allSatisfy(Self.isDigit), !version.elementsEqual("ff".utf8) else { return nil }
        guard form.count == Self.length || (!version.elementsEqual("00".utf8) && form[Self.length] == Self.hyphen) else { return nil }
        guard form[2] == Self.hyphen, form[35] == Self.hyphen, form[52] == Self.hyphen, form[53..<55].allSatisfy(Self.isDigit),
            let traceID = Self.id(form[3..<35]), let parentID = Self.id(form[36..<52])
        else { return nil }
        self.traceID = traceID
        self.parentID = parentID
        self.spanID = spanID()
    }

    /// Begins a trace.
    package init(_ randomness: any Randomness) {
        let bytes = randomness.bytes(24)
        traceID = Self.hex(bytes[0..<16])
        spanID = Self.hex(bytes[16..<24])
        parentID = nil
    }

    /// A new span's id.
    package static func makeSpanID(_ randomness: any Randomness) -> String { hex(randomness.bytes(8)[...]) }

    private static let length = 55
    private static let lengthMax = 512
    private static let hyphen = UInt8(ascii: "-")

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    /// Lower case only, and not all zeros (§2.2.3).
    private static func id(_ digits: ArraySlice<UInt8>) -> String? {
        guard digits.allSatisfy(isDigit), digits.contains(where: { $0 != UInt8(ascii: "0") }) else { return nil }
        return String(decoding: digits, as: UTF8.self)
    }

    private static func hex(_ bytes: ArraySlice<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
