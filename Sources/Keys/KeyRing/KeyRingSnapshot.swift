import Crypto
import FoundationEssentials
import OAuthProtocol

/// What a node knows about the signing keys at one time. Never changed: a new load makes a new one.
final class KeyRingSnapshot: Sendable {
    struct Signer: Sendable {
        let signsAt: Date
        let signer: TokenSigner
    }

    struct Verifier: Sendable {
        let key: VerificationKey
        let publishedUntil: Date?
    }

    /// By key id, for the next load to take over.
    let keys: [String: SigningKey]
    /// Newest first.
    let signers: [SigningAlgorithm: [Signer]]
    let verifiers: [String: Verifier]
    let jwks: [UInt8]
    /// With its quotation marks (RFC 9110 §8.8.3).
    let etag: String

    static let empty = KeyRingSnapshot(lives: [], keys: [:], rotation: KeyRotation(), now: .distantPast)

    /// - Parameter keys: by key id; at least those of `lives` that are published or kept.
    init(lives: [SigningKeyLife], keys: [String: SigningKey], rotation: KeyRotation, now: Date) {
        self.keys = keys
        var signers: [SigningAlgorithm: [Signer]] = [:]
        var verifiers: [String: Verifier] = [:]
        var published: [JWK] = []
        for life in lives.sorted(by: SigningKeyLife.isNewer) {
            guard let key = keys[life.keyID] else { continue }
            let standing = rotation.standing(of: life, among: lives, now: now)
            guard standing.isPublished || standing == .kept else { continue }
            verifiers[life.keyID] = Verifier(
                key: key.verificationKey, publishedUntil: rotation.publishedUntil(life, among: lives))
            guard standing.isPublished else { continue }
            published.append(key.jwk)
            if let signer = key.signer {
                signers[life.algorithm, default: []].append(Signer(signsAt: life.signsAt, signer: signer))
            }
        }
        self.signers = signers
        self.verifiers = verifiers
        jwks = JWKSet(published).json.encoded()
        etag = "\"\(Base64URL.encode(SHA256.hash(data: jwks).prefix(16)))\""
    }
}
