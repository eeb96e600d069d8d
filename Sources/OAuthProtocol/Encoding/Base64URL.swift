/// Base64 with the URL and filename safe alphabet, without padding (RFC 4648 §5, RFC 7515 §2).
///
/// Decoding is strict: padding, whitespace, the other alphabet and non-zero trailing bits are refused, so that a value has
/// exactly one spelling and a signed token can't be re-spelled.
package enum Base64URL {
    /// - Returns: the unpadded text of `bytes`.
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        if let text = bytes.withContiguousStorageIfAvailable(encodeContiguous) { return text }
        return Array(bytes).withUnsafeBufferPointer(encodeContiguous)
    }

    /// Appends the unpadded text of `bytes` to a buffer.
    package static func encode(_ bytes: some Sequence<UInt8>, into output: inout [UInt8]) {
        if bytes.withContiguousStorageIfAvailable({ encodeContiguous($0, into: &output) }) == nil {
            Array(bytes).withUnsafeBufferPointer { encodeContiguous($0, into: &output) }
        }
    }

    /// - Returns: the bytes, or nil where `text` isn't canonical unpadded base64url.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        if let bytes = text.utf8.withContiguousStorageIfAvailable(Base64Alphabet.url.decode) { return bytes }
        return Array(text.utf8).withUnsafeBufferPointer(Base64Alphabet.url.decode)
    }

    /// As `decode(_:)`, from the bytes of the text.
    package static func decode(utf8 text: some Collection<UInt8>) -> [UInt8]? {
        if let bytes = text.withContiguousStorageIfAvailable(Base64Alphabet.url.decode) { return bytes }
        return Array(text).withUnsafeBufferPointer(Base64Alphabet.url.decode)
    }

    /// The length of the text of `byteCount` bytes.
    package static func encodedCount(_ byteCount: Int) -> Int {
        (byteCount * 4 + 2) / 3
    }

    private static func encodeContiguous(_ input: UnsafeBufferPointer<UInt8>) -> String {
        String(unsafeUninitializedCapacity: encodedCount(input.count)) { output in
            write(input, to: output)
            return encodedCount(input.count)
        }
    }

    private static func encodeContiguous(_ input: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) {
        let start = output.count
        let count = encodedCount(input.count)
        output.reserveCapacityDoubling(start + count)
        output.append(contentsOf: repeatElement(0, count: count))
        output.withUnsafeMutableBufferPointer { buffer in
            write(input, to: UnsafeMutableBufferPointer(rebasing: buffer[start...]))
        }
    }

    private static func write(_ input: UnsafeBufferPointer<UInt8>, to output: UnsafeMutableBufferPointer<UInt8>) {
        let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        let letters = alphabet.utf8Start
        var from = 0
        var to = 0
        while from + 2 < input.count {
            let group = UInt32(input[from]) << 16 | UInt32(input[from + 1]) << 8 | UInt32(input[from + 2])
            output[to] = letters[Int(group >> 18)]
            output[to + 1] = letters[Int(group >> 12 & 63)]
            output[to + 2] = letters[Int(group >> 6 & 63)]
            output[to + 3] = letters[Int(group & 63)]
            from += 3
            to += 4
        }
        switch input.count - from {
        case 1:
            output[to] = letters[Int(input[from] >> 2)]
            output[to + 1] = letters[Int(input[from] << 4 & 63)]
        case 2:
            let group = UInt32(input[from]) << 8 | UInt32(input[from + 1])
            output[to] = letters[Int(group >> 10)]
            output[to + 1] = letters[Int(group >> 4 & 63)]
            output[to + 2] = letters[Int(group << 2 & 63)]
        default:
            break
        }
    }
}

extension [UInt8] {
    /// Makes room without losing the amortised growth that a plain `reserveCapacity` in a loop would.
    fileprivate mutating func reserveCapacityDoubling(_ needed: Int) {
        if capacity < needed { reserveCapacity(Swift.max(needed, capacity * 2)) }
    }
}
