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
    package static func decode(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8(decodeContiguous)
    }

    /// As `decode(_:)`, from the bytes of the text.
    package static func decode(utf8 text: some Collection<UInt8>) -> [UInt8]? {
        if let bytes = text.withContiguousStorageIfAvailable(decodeContiguous) { return bytes }
        return Array(text).withUnsafeBufferPointer(decodeContiguous)
    }

    private static func decodeContiguous(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var count = text.count
        // Never more than two; another that is left is no letter.
        for _ in 0..<2 where count > 0 && text[count - 1] == UInt8(ascii: "=") { count -= 1 }
        return Base64Alphabet.standard.decode(UnsafeBufferPointer(rebasing: text[..<count]))
    }
}
