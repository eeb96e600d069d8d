/// What may stand in a JSON string as it is (RFC 8259 §7).
enum JSONText {
    /// Whether the byte ends a string, begins an escape, or must be escaped.
    static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Whether one of eight bytes may need it; each lane is looked at for a zero or a borrow, and a byte above 0x7F, whose lane is let off,
    /// never needs it.
    static func mayNeedEscape(_ eight: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops = ones << 7
        let quotes = eight ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let slashes = eight ^ (ones &* UInt64(UInt8(ascii: "\\")))
        return ((eight &- ones &* 0x20) | (quotes &- ones) | (slashes &- ones)) & ~eight & tops != 0
    }

    /// Whether all bytes are ASCII, eight at a time.
    static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var seen: UInt64 = 0
        var index = 0
        while index + 8 <= bytes.count {
            seen |= bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            index += 8
        }
        while index < bytes.count {
            seen |= UInt64(bytes[index])
            index += 1
        }
        return seen & 0x8080_8080_8080_8080 == 0
    }
}
