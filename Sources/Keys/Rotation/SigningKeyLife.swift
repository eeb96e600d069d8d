import FoundationEssentials

/// The instants of one signing key's life, without its key material: what rotation is judged by.
package struct SigningKeyLife: Sendable, Equatable {
    package let keyID: String
    package let algorithm: SigningAlgorithm
    /// In the JWKS from here on.
    package let announcedAt: Date
    /// Signs from here on, until the next key of its algorithm does.
    package let signsAt: Date
    /// Compromised at this instant.
    package var withdrawnAt: Date?
    /// Whether the private half is still stored.
    package var hasPrivateKey: Bool

    package init(
        keyID: String, algorithm: SigningAlgorithm, announcedAt: Date, signsAt: Date, withdrawnAt: Date? = nil,
        hasPrivateKey: Bool = true
    ) {
        self.keyID = keyID
        self.algorithm = algorithm
        self.announcedAt = announcedAt
        self.signsAt = signsAt
        self.withdrawnAt = withdrawnAt
        self.hasPrivateKey = hasPrivateKey
    }

    /// Whether it took over from the key before it; one that was withdrawn while it was only announced never did.
    var everSigns: Bool { withdrawnAt.map { $0 > signsAt } ?? true }

    /// Later signing first; ties, which only hand-made rows have, are broken alike on every node.
    static func isNewer(_ a: SigningKeyLife, _ b: SigningKeyLife) -> Bool {
        (a.signsAt, a.announcedAt, a.keyID) > (b.signsAt, b.announcedAt, b.keyID)
    }
}
