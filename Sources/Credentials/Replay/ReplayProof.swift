import FoundationEssentials

/// What makes a proof usable once: who signed it, the nonce that it carries, and when it says it was signed.
package struct ReplayProof: Sendable {
    /// What the proof is: nonces of one kind say nothing about another's.
    package enum Kind: String, Sendable {
        /// The nonce of a message signature (RFC 9421 §7.2.2).
        case messageSignature = "signature"
        /// The `jti` of a DPoP proof (RFC 9449 §11.1).
        case dpop
    }

    /// SHA-256 of kind, key, nonce and signed time: of fixed size, whatever the sender chose.
    let hash: ReplayHash
    let signedAt: Date

    /// - Parameters:
    ///   - keyID: names the key that signed: two keys may use one nonce.
    ///   - nonce: as it was signed.
    ///   - signedAt: as it was signed.
    package init(_ kind: Kind, keyID: String, nonce: String, signedAt: Date) {
        var text: [UInt8] = []
        text.reserveCapacity(256)
        func append(_ part: String) {
            // The length before each part, so that no two triples read the same.
            withUnsafeBytes(of: UInt32(truncatingIfNeeded: part.utf8.count).bigEndian) { text.append(contentsOf: $0) }
            var part = part
            part.withUTF8 { text.append(contentsOf: $0) }
        }
        append(kind.rawValue)
        append(keyID)
        append(nonce)
        withUnsafeBytes(of: signedAt.timeIntervalSince1970.bitPattern.bigEndian) { text.append(contentsOf: $0) }
        hash = ReplayHash(of: text)
        self.signedAt = signedAt
    }
}

/// What the replay store says of a proof.
package enum ReplayVerdict: Sendable, Equatable {
    /// Never seen, and remembered now.
    case fresh
    case replayed
    /// Signed at a time of which the store may have forgotten something in a crash.
    case beforeRecovery
    /// Signed longer ago, or further ahead, than the store remembers.
    case outsideWindow
}
