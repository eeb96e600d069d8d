import Crypto

/// A key that makes signatures of one algorithm.
package struct MessageSigningKey: Sendable {
    private enum Material: Sendable {
        case hmac(SymmetricKey)
        case p256(P256.Signing.PrivateKey)
        case ed25519(Curve25519.Signing.PrivateKey)
    }

    private let material: Material

    /// - Parameter secret: 32 to 1,024 bytes.
    /// - Throws: `unsuitableKey`.
    package init(hmacSecret secret: [UInt8]) throws(MessageSignatureRefusal) {
        guard (MessageVerificationKey.secretBytesMin...1_024).contains(secret.count) else { throw .unsuitableKey }
        material = .hmac(SymmetricKey(data: secret))
    }

    /// The 32 bytes of a scalar of P-256.
    package init(ecdsaP256 scalar: [UInt8]) throws(MessageSignatureRefusal) {
        guard let key = try? P256.Signing.PrivateKey(rawRepresentation: scalar) else { throw .unsuitableKey }
        material = .p256(key)
    }

    /// The 32 bytes of the seed (RFC 8032).
    package init(ed25519 seed: [UInt8]) throws(MessageSignatureRefusal) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else { throw .unsuitableKey }
        material = .ed25519(key)
    }

    package var algorithm: MessageSignatureAlgorithm {
        switch material {
        case .hmac: .hmacSHA256
        case .p256: .ecdsaP256SHA256
        case .ed25519: .ed25519
        }
    }

    /// The key that checks what this one signs.
    package var verificationKey: MessageVerificationKey {
        switch material {
        case .hmac(let key): MessageVerificationKey(.hmac(HMAC(key: key)))
        case .p256(let key): MessageVerificationKey(.p256(key.publicKey))
        case .ed25519(let key): MessageVerificationKey(.ed25519(key.publicKey))
        }
    }

    func sign(_ base: [UInt8]) throws(MessageSignatureRefusal) -> [UInt8] {
        do {
            return switch material {
            case .hmac(let key): Array(HMAC<SHA256>.authenticationCode(for: base, using: key))
            case .p256(let key): Array(try key.signature(for: base).rawRepresentation)
            case .ed25519(let key): Array(try key.signature(for: base))
            }
        } catch {
            throw .unsuitableKey
        }
    }
}

extension MessageSigningKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "MessageSigningKey(\(algorithm.rawValue), …)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
