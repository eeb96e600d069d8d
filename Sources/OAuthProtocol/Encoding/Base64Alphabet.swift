/// Reads the letters of one of base64's alphabets (RFC 4648 §4 and §5), strictly.
struct Base64Alphabet: Sendable {
    static let standard = Base64Alphabet(last: UInt8(ascii: "+"), UInt8(ascii: "/"))
    static let url = Base64Alphabet(last: UInt8(ascii: "-"), UInt8(ascii: "_"))

    /// The six bits of each byte that is a letter; of any other, more than six.
    private let values: [UInt8]

    private init(last: UInt8...) {
        var values = [UInt8](repeating: 0xFF, count: 256)
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8) + last
        for (value, letter) in letters.enumerated() { values[Int(letter)] = UInt8(value) }
        self.values = values
    }

    /// - Parameter text: without padding.
    /// - Returns: nil where a byte is no letter, or where the last letter says more than the bytes hold.
    func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        let tail = text.count % 4
        guard tail != 1 else { return nil }
        let count = text.count / 4 * 3 + (tail == 0 ? 0 : tail - 1)
        var isValid = true
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { output, written in
            isValid = values.withUnsafeBufferPointer { Self.decode(text, $0, into: output) }
            written = count
        }
        return isValid ? bytes : nil
    }

    private static func decode(
        _ text: UnsafeBufferPointer<UInt8>, _ values: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        var seen: UInt8 = 0
        var from = 0
        var to = 0
        func next() -> UInt32 {
            let value = values[Int(text[from])]
            from += 1
            seen |= value
            return UInt32(value & 63)
        }
        while from + 4 <= text.count {
            let group = next() << 18 | next() << 12 | next() << 6 | next()
            output[to] = UInt8(truncatingIfNeeded: group >> 16)
            output[to + 1] = UInt8(truncatingIfNeeded: group >> 8)
            output[to + 2] = UInt8(truncatingIfNeeded: group)
            to += 3
        }
        var leftOver: UInt32 = 0
        switch text.count - from {
        case 2:
            let group = next() << 6 | next()
            output[to] = UInt8(truncatingIfNeeded: group >> 4)
            leftOver = group & 0x0F
        case 3:
            let group = next() << 12 | next() << 6 | next()
            output[to] = UInt8(truncatingIfNeeded: group >> 10)
            output[to + 1] = UInt8(truncatingIfNeeded: group >> 2)
            leftOver = group & 0x03
        default:
            break
        }
        return seen < 64 && leftOver == 0
    }
}
