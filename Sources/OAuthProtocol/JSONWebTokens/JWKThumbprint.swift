import Crypto

/// The SHA-256 of a public key in its canonical form (RFC 7638 §3): `jkt` in RFC 9449.
package struct JWKThumbprint: Sendable, Hashable, CustomStringConvertible {
    /// 32 bytes.
    private let bytes: [UInt8]

    /// - Parameter members: those that RFC 7638 §3.2 and RFC 8037 §2 require of the key, and no others.
    init(of members: [String: String]) {
        var writer = JSONWriter(capacity: 600)
        writer.value(.object(members.mapValues { .string($0) }))
        bytes = Array(SHA256.hash(data: writer.bytes))
    }

    /// - Returns: nil unless it is 32 bytes in base64url.
    package init?(parsing text: String) {
        guard let bytes = Base64URL.decode(text), bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// As base64url.
    package var description: String { Base64URL.encode(bytes) }
}
