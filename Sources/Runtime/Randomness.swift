import FoundationEssentials
import Glibc

/// Where unpredictable bytes come from. Tests may hand in a fixed source.
package protocol Randomness: Sendable {
    /// - Returns: `count` bytes fit for keys and tokens.
    func bytes(_ count: Int) -> [UInt8]
}

/// The kernel's generator (getentropy(3)).
package struct SystemRandomness: Randomness {
    package init() {}

    package func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            // The standard library's generator asks the kernel for every eight bytes; this asks once. getentropy(3) gives 256 at most.
            while filled < count {
                let part = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<min(count, filled + 256)])
                guard getentropy(part.baseAddress, part.count) == 0 else { fatalError("the kernel gives no random bytes") }
                filled += part.count
            }
        }
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
