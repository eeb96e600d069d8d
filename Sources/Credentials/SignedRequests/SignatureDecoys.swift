import OAuthProtocol
import Runtime

/// Keys that nobody has, one of each algorithm: a signature under an unknown `keyid` is checked with one of them, so that the time of a
/// refusal doesn't tell which ids exist.
struct SignatureDecoys: Sendable {
    private let secret: MessageVerificationKey
    private let p256: MessageVerificationKey
    private let ed25519: MessageVerificationKey

    init(randomness: any Randomness) throws(MessageSignatureRefusal) {
        secret = try MessageVerificationKey(hmacSecret: randomness.bytes(32))
        ed25519 = try MessageSigningKey(ed25519: randomness.bytes(32)).verificationKey
        // Below the curve's order, whatever the rest is.
        var scalar = randomness.bytes(32)
        scalar[0] = 0x7F
        p256 = try MessageSigningKey(ecdsaP256: scalar).verificationKey
    }

    /// - Parameter name: what the signature says of its algorithm.
    func key(for name: String?) -> MessageVerificationKey {
        switch name.flatMap(MessageSignatureAlgorithm.init(rawValue:)) {
        case nil, .hmacSHA256: secret
        case .ecdsaP256SHA256: p256
        case .ed25519: ed25519
        }
    }
}
