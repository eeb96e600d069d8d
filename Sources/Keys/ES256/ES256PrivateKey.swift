import Crypto
import FoundationEssentials
import OAuthProtocol

/// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4) by swift-crypto.
struct ES256PrivateKey: SigningPrivateKey {
    private let key: P256.Signing.PrivateKey

    private init(key: P256.Signing.PrivateKey) {
        self.key = key
    }

    static func generate() -> ES256PrivateKey {
        ES256PrivateKey(key: P256.Signing.PrivateKey())
    }

    /// - Parameter stored: the 32 bytes of the scalar.
    init(stored: [UInt8]) throws {
        do {
            key = try P256.Signing.PrivateKey(rawRepresentation: stored)
        } catch {
            throw SigningError.malformedKey(.es256)
        }
    }

    var stored: [UInt8] { Array(key.rawRepresentation) }

    var publicKey: JWK.Material {
        let point = Array(key.publicKey.rawRepresentation)
        return .p256(x: Array(point[..<32]), y: Array(point[32...]))
    }

    /// r ‖ s, 32 bytes each (RFC 7518 §3.4).
    var signatureByteCount: Int { 64 }

    func sign(_ message: UnsafeRawBufferPointer, into signature: UnsafeMutableRawBufferPointer) throws {
        try key.signature(for: message).rawRepresentation.withUnsafeBytes { signature.copyMemory(from: $0) }
    }
}
