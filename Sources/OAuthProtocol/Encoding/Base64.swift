/// Base64 with the ordinary alphabet and with padding (RFC 4648 §4), over the same strict reader as `Base64URL`.
///
/// A value has exactly one spelling: missing padding, whitespace, the other alphabet and non-zero trailing bits are refused.
package enum Base64 {
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var output: [UInt8] = []
        encode(bytes, into: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// Appends the padded text of `bytes` to a buffer.
    package static func encode(_ bytes: some Sequence<UInt8>, into output: inout [UInt8]) {
        let start = output.count
        Base64URL.encode(bytes, into: &output)
        for index in start..<output.count {
            switch output[index] {
            case UInt8(ascii: "-"): output[index] = UInt8(ascii: "+")
            case UInt8(ascii: "_"): output[index] = UInt8(ascii: "/")
            default: break
            }
        }
        while (output.count - start) % 4 != 0 { output.append(UInt8(ascii: "=")) }
    }

    /// - Returns: nil where the text isn't canonical padded base64.
    package static func decode(utf8 text: some BidirectionalCollection<UInt8>) -> [UInt8]? {
        var letters = Array(text)
        guard letters.count % 4 == 0 else { return nil }
        for _ in 0..<2 where letters.last == UInt8(ascii: "=") { letters.removeLast() }
        for index in letters.indices {
            switch letters[index] {
            case UInt8(ascii: "-"), UInt8(ascii: "_"): return nil
            case UInt8(ascii: "+"): letters[index] = UInt8(ascii: "-")
            case UInt8(ascii: "/"): letters[index] = UInt8(ascii: "_")
            default: break
            }
        }
        return Base64URL.decode(utf8: letters)
    }
}
