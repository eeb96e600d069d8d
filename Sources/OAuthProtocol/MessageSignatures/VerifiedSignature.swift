import FoundationEssentials

/// A signature that held. The caller has yet to refuse a nonce that it has seen before from this key.
package struct VerifiedSignature: Sendable, Equatable {
    package let label: String
    package let keyID: String
    package let algorithm: MessageSignatureAlgorithm
    /// Which of the keys that were handed in it was.
    package let keyIndex: Int
    package let createdAt: Date
    package let expiresAt: Date?
    /// Nil only where the policy doesn't ask for one.
    package let nonce: String?
    package let tag: String?
    package let components: [ComponentIdentifier]
    /// Where it is covered. It has been compared with the body, unless that is elsewhere.
    package let contentDigest: ContentDigest?
    /// From then on the policy itself refuses the signature, and its nonce can be forgotten.
    package let nonceNeededUntil: Date
}

/// What became of a message's signatures.
package enum MessageSignatureVerdict: Sendable, Equatable {
    case verified(VerifiedSignature)
    case refused(MessageSignatureRefusal)
}
