import Crypto
import OAuthProtocol

/// A P-256 key of this service's own that its tokens are bound to (DPoP, RFC 9449): whoever steals such a token can't use it without the
/// key. It never prints itself.
public struct GatehouseProofKey: Sendable {
    /// The SHA-256 of the public key (RFC 7638), in base64url: `jkt` of a bound token, and `dpop_jkt` of an authorization request
    /// (RFC 9449 §6.1, §10). Not a secret.
    public let thumbprint: String
    private let key: P256.Signing.PrivateKey
    /// Of every proof, with the dot behind it.
    private let header: String

    private init(_ key: P256.Signing.PrivateKey) {
        self.key = key
        let point = Array(key.publicKey.x963Representation)
        let jwk = JWK(.p256(x: Array(point[1..<33]), y: Array(point[33...])), use: nil)
        thumbprint = jwk.thumbprint
        var json = JSONWriter()
        json.object { json in
            json.field("typ", DPoPProof.type)
            json.field("alg", jwk.verificationAlgorithm)
            json.field("jwk", jwk.json)
        }
        header = Base64URL.encode(json.bytes) + "."
    }

    /// A fresh one. What it binds ends with it: keep it, as secret as the tokens are, where refresh tokens outlive the process.
    public init() {
        self.init(P256.Signing.PrivateKey())
    }

    /// One that was kept as PEM (PKCS #8, or SEC 1).
    /// - Throws: ``GatehouseError/misconfigured(_:)``.
    public init(pemRepresentation: String) throws(GatehouseError) {
        guard let key = try? P256.Signing.PrivateKey(pemRepresentation: pemRepresentation) else {
            throw .misconfigured("the proof key is no P-256 key in PEM")
        }
        self.init(key)
    }

    /// One that was kept as the 32 bytes of its scalar.
    /// - Throws: ``GatehouseError/misconfigured(_:)``.
    public init(rawRepresentation: [UInt8]) throws(GatehouseError) {
        guard let key = try? P256.Signing.PrivateKey(rawRepresentation: rawRepresentation) else {
            throw .misconfigured("the proof key is no scalar of P-256")
        }
        self.init(key)
    }

    /// The private key, to be kept: PKCS #8. A secret.
    public var pemRepresentation: String { key.pemRepresentation }

    /// The private key, to be kept: 32 bytes. A secret.
    public var rawRepresentation: [UInt8] { Array(key.rawRepresentation) }

    /// - Parameter claims: of the proof, as JSON.
    func sign(_ claims: [UInt8]) throws(GatehouseError) -> String {
        let input = header + Base64URL.encode(claims)
        guard let signature = try? key.signature(for: Array(input.utf8)) else { throw .misconfigured("the proof key can't sign") }
        return input + "." + Base64URL.encode(signature.rawRepresentation)
    }
}

extension GatehouseProofKey: CustomStringConvertible, CustomReflectable {
    /// Without the key.
    public var description: String { "GatehouseProofKey(\(thumbprint), …)" }

    /// Nothing: reflection would print the key.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
