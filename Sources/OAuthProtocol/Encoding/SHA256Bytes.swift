import Crypto

extension SHA256 {
    /// The 32 bytes of a hash. The library's `hash(data:)` walks any kind of data in regions, and its digest is an opaque sequence: both cost
    /// more than hashing a short text does.
    package static func bytes(of data: UnsafeRawBufferPointer) -> [UInt8] {
        var hasher = SHA256()
        hasher.update(bufferPointer: data)
        return hasher.finalize().withUnsafeBytes { Array($0) }
    }
}
