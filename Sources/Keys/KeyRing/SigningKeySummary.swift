import FoundationEssentials

/// A signing key for `gatehouse keys list`.
package struct SigningKeySummary: Sendable, Equatable {
    package let keyID: String
    package let algorithm: SigningAlgorithm
    package let standing: KeyStanding
    package let announcedAt: Date
    package let signsAt: Date
    /// When the next key takes over; nil while none is announced.
    package let retiresAt: Date?
    /// When it leaves the JWKS; nil while no successor is announced.
    package let publishedUntil: Date?
    /// The master key it is encrypted under.
    package let masterKeyID: String?
}
