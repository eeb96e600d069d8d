import OAuthProtocol
import Runtime

/// What signatures are checked with: a secret that both sides hold, or the public half of a key whose private half we never see.
package struct SignatureKeyMaterial: Sendable, CustomStringConvertible, CustomReflectable {
    static let secretByteCount = 32

    package let algorithm: MessageSignatureAlgorithm
    /// The secret; 0x04 ‖ x ‖ y; or the 32 bytes of RFC 8032.
    let bytes: [UInt8]
    /// The same, ready to check with.
    let key: MessageVerificationKey

    /// - Throws: `unsuitableKey`.
    init(_ algorithm: MessageSignatureAlgorithm, bytes: [UInt8]) throws(MessageSignatureRefusal) {
        self.algorithm = algorithm
        self.bytes = bytes
        key =
            switch algorithm {
            case .hmacSHA256: try MessageVerificationKey(hmacSecret: bytes)
            case .ecdsaP256SHA256: try MessageVerificationKey(ecdsaP256: bytes)
            case .ed25519: try MessageVerificationKey(ed25519: bytes)
            }
    }

    /// A secret of another system.
    /// - Throws: `unsuitableKey` unless it has 32 to 1,024 bytes.
    package init(secret: [UInt8]) throws(MessageSignatureRefusal) {
        try self.init(.hmacSHA256, bytes: secret)
    }

    /// A new secret of 256 bits.
    static func generate(randomness: any Randomness) throws(MessageSignatureRefusal) -> SignatureKeyMaterial {
        try SignatureKeyMaterial(secret: randomness.bytes(secretByteCount))
    }

    /// Reads a public key: P-256 (RFC 7518 §6.2.1) or Ed25519 (RFC 8037 §2).
    /// - Throws: `unsuitableKey` for other kinds, points off the curve, and keys with their private half.
    package init(jwk: JSONValue) throws(MessageSignatureRefusal) {
        switch jwk["kty"]?.string {
        case "EC":
            guard let material = try? JWK(parsing: jwk).material, case .p256(let x, let y) = material else { throw .unsuitableKey }
            try self.init(.ecdsaP256SHA256, bytes: [4] + x + y)
        case "OKP":
            // Whoever sends a private key here has made a mistake that must not go unnoticed.
            guard jwk["d"] == nil, jwk["crv"]?.string == "Ed25519", let x = jwk["x"]?.string.flatMap({ Base64URL.decode($0) }) else {
                throw .unsuitableKey
            }
            try self.init(.ed25519, bytes: x)
        default:
            throw .unsuitableKey
        }
    }

    /// The secret for the one answer that hands it out; nil of a public key.
    package var secretText: String? {
        algorithm == .hmacSHA256 ? Base64.encode(bytes) : nil
    }

    package var description: String { "SignatureKeyMaterial(\(algorithm.rawValue), …)" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
