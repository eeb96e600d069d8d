import Crypto
import OAuthProtocol

/// The SHA-256 of an opaque token's text: what the database holds. A fast hash is enough, as the token has 256 bits of its own.
package struct TokenHash: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    package static let byteCount = 32

    /// 32 bytes.
    package let bytes: [UInt8]

    /// The hash of a token as it was presented, its prefix included.
    package init(of text: String) {
        var text = text
        bytes = text.withUTF8 { SHA256.bytes(of: UnsafeRawBufferPointer($0)) }
    }

    /// The hash read back from where it was stored; nil unless it has 32 bytes.
    package init?(stored bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// In constant time.
    package static func == (a: TokenHash, b: TokenHash) -> Bool {
        ConstantTime.equal(a.bytes, b.bytes)
    }

    package var description: String { "TokenHash(…)" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
