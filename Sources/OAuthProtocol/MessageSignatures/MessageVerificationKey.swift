import Crypto

/// A key that checks signatures of one algorithm. The key decides what the algorithm is, never the message (RFC 9421 §7.3.6).
package struct MessageVerificationKey: Sendable {
    enum Material: Sendable {
        /// The MAC's state once the key has gone in, which every check begins with.
        case hmac(HMAC<SHA256>)
        case p256(P256.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    package static let secretBytesMin = 32

    private let material: Material

    init(_ material: Material) {
        self.material = material
    }

    /// - Parameter secret: 32 to 1,024 bytes.
    /// - Throws: `unsuitableKey`.
    package init(hmacSecret secret: [UInt8]) throws(MessageSignatureRefusal) {
        guard (Self.secretBytesMin...1_024).contains(secret.count) else { throw .unsuitableKey }
        material = .hmac(HMAC(key: SymmetricKey(data: secret)))
    }

    /// An uncompressed point on P-256: 0x04 ‖ x ‖ y.
    package init(ecdsaP256 x963: [UInt8]) throws(MessageSignatureRefusal) {
        guard x963.count == 65, let key = try? P256.Signing.PublicKey(x963Representation: x963) else { throw .unsuitableKey }
        material = .p256(key)
    }

    /// The 32 bytes of RFC 8032.
    package init(ed25519 bytes: [UInt8]) throws(MessageSignatureRefusal) {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { throw .unsuitableKey }
        material = .ed25519(key)
    }

    package var algorithm: MessageSignatureAlgorithm {
        switch material {
        case .hmac: .hmacSHA256
        case .p256: .ecdsaP256SHA256
        case .ed25519: .ed25519
        }
    }

    /// Whether `signature` is over `base`. A MAC is compared in constant time.
    func isValid(_ signature: [UInt8], for base: [UInt8]) -> Bool {
        switch material {
        case .hmac(var code):
            code.update(data: base)
            return ConstantTime.equal(code.finalize().withUnsafeBytes { Array($0) }, signature)
        case .p256(let key):
            // r ‖ s, never DER (RFC 9421 §3.3.4).
            guard signature.count == 64, let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(parsed, for: base)
        case .ed25519(let key):
            return signature.count == 64 && key.isValidSignature(signature, for: base)
        }
    }
}

extension MessageVerificationKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "MessageVerificationKey(\(algorithm.rawValue), …)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
