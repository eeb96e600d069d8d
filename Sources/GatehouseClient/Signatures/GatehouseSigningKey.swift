import OAuthProtocol

/// A key that signs messages, with the name that the other side knows it by. It never prints itself.
public struct GatehouseSigningKey: Sendable {
    /// What `keyid` says (RFC 9421 §2.3). Not a secret.
    public let id: String
    let key: MessageSigningKey

    /// `hmac-sha256` (RFC 9421 §3.3.3).
    /// - Parameter secret: 32 to 1,024 bytes, unpredictable.
    /// - Throws: ``GatehouseError/misconfigured(_:)``.
    public static func hmac(id: String, secret: [UInt8]) throws(GatehouseError) -> GatehouseSigningKey {
        try make(id) { () throws(MessageSignatureRefusal) in try MessageSigningKey(hmacSecret: secret) }
    }

    /// `ecdsa-p256-sha256` (RFC 9421 §3.3.4).
    /// - Parameter privateKey: the 32 bytes of the scalar.
    /// - Throws: ``GatehouseError/misconfigured(_:)``.
    public static func ecdsaP256(id: String, privateKey: [UInt8]) throws(GatehouseError) -> GatehouseSigningKey {
        try make(id) { () throws(MessageSignatureRefusal) in try MessageSigningKey(ecdsaP256: privateKey) }
    }

    /// `ed25519` (RFC 9421 §3.3.6).
    /// - Parameter seed: the 32 bytes of the private key (RFC 8032 §5.1.5).
    /// - Throws: ``GatehouseError/misconfigured(_:)``.
    public static func ed25519(id: String, seed: [UInt8]) throws(GatehouseError) -> GatehouseSigningKey {
        try make(id) { () throws(MessageSignatureRefusal) in try MessageSigningKey(ed25519: seed) }
    }

    /// The key that checks what this one signs.
    public var verificationKey: GatehouseVerificationKey { GatehouseVerificationKey(key: key.verificationKey) }

    private static func make(
        _ id: String, _ key: () throws(MessageSignatureRefusal) -> MessageSigningKey
    ) throws(GatehouseError) -> GatehouseSigningKey {
        do {
            return GatehouseSigningKey(id: id, key: try key())
        } catch {
            throw .misconfigured("the signing key is not of the right size or kind")
        }
    }
}

extension GatehouseSigningKey: CustomStringConvertible, CustomReflectable {
    /// Without the key.
    public var description: String { "GatehouseSigningKey(\(OAuthError.sanitised(id)), …)" }

    /// Nothing: reflection would print the key.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
