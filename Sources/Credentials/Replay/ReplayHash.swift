import Crypto
import OAuthProtocol

/// SHA-256 of what makes a proof usable once.
struct ReplayHash: Sendable, Hashable {
    /// 32.
    let bytes: [UInt8]

    init(of text: [UInt8]) {
        bytes = text.withUnsafeBytes(SHA256.bytes)
    }

    private init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = Array(bytes)
    }

    /// Hashes that stand one behind the other.
    static func split(_ bytes: [UInt8]) -> Set<ReplayHash> {
        Set(stride(from: 0, to: bytes.count, by: 32).lazy.map { ReplayHash(bytes[$0..<min($0 + 32, bytes.count)]) })
    }

    /// A few of its bytes are as good as all of them: they are a hash already, and `Hasher` has a seed of its own.
    func hash(into hasher: inout Hasher) {
        bytes.prefix(8).withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
