import Crypto

/// `x5t#S256` (RFC 8705 §3.1): the SHA-256 of a certificate's DER.
package struct CertificateThumbprint: Sendable, Hashable, CustomStringConvertible {
    /// 32 bytes.
    package let bytes: [UInt8]

    package init(of der: [UInt8]) {
        bytes = Array(SHA256.hash(data: der))
    }

    /// - Returns: nil unless it is 32 bytes in base64url.
    package init?(parsing text: String) {
        guard let bytes = Base64URL.decode(text), bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    package init?(stored bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// As base64url.
    package var description: String { Base64URL.encode(bytes) }
}
