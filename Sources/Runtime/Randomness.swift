import FoundationEssentials

/// Where unpredictable bytes come from. Tests may hand in a fixed source.
package protocol Randomness: Sendable {
    /// - Returns: `count` bytes fit for keys and tokens.
    func bytes(_ count: Int) -> [UInt8]
}

/// The kernel's generator (`getrandom`), through the standard library.
package struct SystemRandomness: Randomness {
    package init() {}

    package func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 7)
        while bytes.count < count {
            withUnsafeBytes(of: generator.next() as UInt64) { bytes.append(contentsOf: $0) }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}

extension UUID {
    /// The least version 7 UUID of an instant: every one made earlier is smaller, every one made later is greater.
    package static func least(at instant: Date) -> UUID {
        let milliseconds = UInt64(max(0, instant.timeIntervalSince1970 * 1_000))
        func byte(_ index: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: milliseconds >> (40 - 8 * index)) }
        return UUID(uuid: (byte(0), byte(1), byte(2), byte(3), byte(4), byte(5), 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0))
    }
}

extension Randomness {
    /// A version 7 UUID (RFC 9562 §5.7): ordered by time, so that indexes stay dense.
    package func uuid(at now: Date) -> UUID {
        var b = bytes(16)
        let milliseconds = UInt64(max(0, now.timeIntervalSince1970 * 1_000))
        for index in 0..<6 { b[index] = UInt8(truncatingIfNeeded: milliseconds >> (8 * UInt64(5 - index))) }
        b[6] = 0x70 | (b[6] & 0x0F)
        b[8] = 0x80 | (b[8] & 0x3F)
        return UUID(
            uuid: (b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]))
    }
}
