import FoundationEssentials
import Runtime

/// How long proofs are remembered. Whoever accepts proofs must refuse what was signed outside of it.
package enum ReplayWindow {
    /// How long ago a proof may have been signed.
    package static let ageMax: Duration = .seconds(300)
    /// How far ahead of our clock a proof may have been signed.
    package static let aheadMax: Duration = .seconds(10)

    static func contains(_ signedAt: Date, now: Date) -> Bool {
        signedAt >= now - ageMax && signedAt <= now + aheadMax
    }
}
