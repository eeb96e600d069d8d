import Crypto
import JWTKit
import Synchronization

/// A public key bound to one algorithm. Build it once and keep it: the key is decoded and checked when it is built.
package final class VerificationKey: Sendable {
    package let algorithm: String
    package let keyID: String?

    private enum Material: Sendable {
        case es256(ES256PublicKey)
        case rsa(JWTKit.Insecure.RSA.PublicKey, signatureBytes: Int)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    private let material: Material
    /// jwt-kit hands out its verifier through an actor only. It is asked once, and what it gave is kept here.
    private let verifier = Mutex<(any JWTAlgorithm)?>(nil)

    /// - Throws: `unsuitableKey` where the point isn't on the curve, the numbers are no RSA key, or `jwk` names another algorithm.
    package init(_ jwk: JWK) throws(JWTRefusal) {
        algorithm = jwk.verificationAlgorithm
        keyID = jwk.keyID
        guard jwk.algorithm == nil || jwk.algorithm == algorithm, jwk.use == nil || jwk.use == "sig" else { throw .unsuitableKey }
        do {
            switch jwk.material {
            case .p256(let x, let y):
                material = .es256(try ES256PublicKey(backing: P256.Signing.PublicKey(x963Representation: [4] + x + y)))
            case .rsa(let modulus, let exponent):
                let key = try JWTKit.Insecure.RSA.PublicKey(modulus: Base64URL.encode(modulus), exponent: Base64URL.encode(exponent))
                material = .rsa(key, signatureBytes: modulus.count)
            case .ed25519(let x):
                material = .ed25519(try Curve25519.Signing.PublicKey(rawRepresentation: x))
            }
        } catch {
            throw .unsuitableKey
        }
    }

    /// An ES256 key from an uncompressed point (0x04 ‖ x ‖ y, 65 bytes).
    package convenience init(es256 x963: [UInt8], keyID: String? = nil) throws(JWTRefusal) {
        guard x963.count == 65, x963[0] == 4 else { throw .unsuitableKey }
        try self.init(JWK(.p256(x: Array(x963[1..<33]), y: Array(x963[33...])), keyID: keyID))
    }

    /// An RS256 key from its big-endian numbers.
    package convenience init(rs256 modulus: [UInt8], exponent: [UInt8], keyID: String? = nil) throws(JWTRefusal) {
        try self.init(JWK(.rsa(modulus: modulus, exponent: exponent), keyID: keyID))
    }

    /// Whether `signature` is this key's over `message`, in the form of RFC 7518 §3.3 to §3.5 or RFC 8037 §3.1: for ES256 the 64 bytes r ‖ s,
    /// never DER.
    package func isValid(_ signature: [UInt8], for message: [UInt8]) async -> Bool {
        switch material {
        case .es256:
            guard signature.count == 64, signature[..<32].contains(where: { $0 != 0 }), signature[32...].contains(where: { $0 != 0 }) else {
                return false
            }
        case .rsa(_, let signatureBytes):
            guard signature.count == signatureBytes else { return false }
        case .ed25519(let key):
            return signature.count == 64 && key.isValidSignature(signature, for: message)
        }
        guard let verifier = await requireVerifier() else { return false }
        return (try? verifier.verify(signature, signs: message)) ?? false
    }

    private func requireVerifier() async -> (any JWTAlgorithm)? {
        if let known = verifier.withLock({ $0 }) { return known }
        let keys = JWTKeyCollection()
        switch material {
        case .es256(let key): await keys.add(ecdsa: key)
        case .rsa(let key, _):
            if algorithm == "PS256" {
                await keys.add(pss: key, digestAlgorithm: .sha256)
            } else {
                await keys.add(rsa: key, digestAlgorithm: .sha256)
            }
        case .ed25519: return nil
        }
        guard let made = try? await keys.getKey(), made.name == algorithm else { return nil }
        verifier.withLock { $0 = made }
        return made
    }
}
