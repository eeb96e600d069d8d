import OAuthProtocol

/// A key that checks signatures of one algorithm, which the key decides and never the message (RFC 9421 §7.3.6).
public struct GatehouseVerificationKey: Sendable {
    let key: MessageVerificationKey

    /// `hmac-sha256`.
    /// - Parameter secret: 32 to 1,024 bytes.
    /// - Throws: ``GatehouseError/misconfigured(_:)``.
    public static func hmac(secret: [UInt8]) throws(GatehouseError) -> GatehouseVerificationKey {
        try make { () throws(MessageSignatureRefusal) in try MessageVerificationKey(hmacSecret: secret) }
    }

    /// `ecdsa-p256-sha256`.
    /// - Parameter publicKey: the uncompressed point, 65 bytes: 0x04 ‖ x ‖ y.
    /// - Throws: ``GatehouseError/misconfigured(_:)``.
    public static func ecdsaP256(publicKey: [UInt8]) throws(GatehouseError) -> GatehouseVerificationKey {
        try make { () throws(MessageSignatureRefusal) in try MessageVerificationKey(ecdsaP256: publicKey) }
    }

    /// `ed25519`.
    /// - Parameter publicKey: 32 bytes (RFC 8032 §5.1.5).
    /// - Throws: ``GatehouseError/misconfigured(_:)``.
    public static func ed25519(publicKey: [UInt8]) throws(GatehouseError) -> GatehouseVerificationKey {
        try make { () throws(MessageSignatureRefusal) in try MessageVerificationKey(ed25519: publicKey) }
    }

    private static func make(
        _ key: () throws(MessageSignatureRefusal) -> MessageVerificationKey
    ) throws(GatehouseError) -> GatehouseVerificationKey {
        do {
            return GatehouseVerificationKey(key: try key())
        } catch {
            throw .misconfigured("the key is not of the right size or kind")
        }
    }
}

extension GatehouseVerificationKey: CustomStringConvertible, CustomReflectable {
    /// Without the key, which may be a secret.
    public var description: String { "GatehouseVerificationKey(…)" }

    /// Nothing: reflection would print the key.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
