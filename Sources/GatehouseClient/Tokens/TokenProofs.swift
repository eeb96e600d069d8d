import FoundationEssentials
import OAuthProtocol
import Runtime

/// Checks DPoP proofs (RFC 9449 §4.3), each once in this process.
struct TokenProofs: Sendable {
    private let window: DPoPProof.Window
    private let seen: SignatureNonces

    init(_ options: GatehouseOptions) {
        window = DPoPProof.Window(ageMax: options.proofAgeMax, aheadMax: options.clockTolerance)
        seen = SignatureNonces(countMax: options.nonceCountMax)
    }

    /// All that needs no memory.
    func check(_ proof: GatehouseTokenProof, token: String, now: Date) async throws(GatehouseRefusal) -> DPoPProof {
        let target = DPoPTarget(method: proof.method, origins: [proof.uri], requestTarget: "")
        do {
            return try await DPoPProof(proof.fields, for: target, accessToken: token, window: window, now: now)
        } catch {
            throw GatehouseRefusal(error)
        }
    }

    /// Counts it, when the token has been found good: whoever has none must not be able to fill the memory.
    /// - Throws: `replayed`; ``GatehouseError/unavailable(_:)`` where there is no room.
    func consume(_ proof: DPoPProof, now: Date) throws(GatehouseError) {
        try seen.consume(
            keyID: proof.thumbprint.description, nonce: proof.identifier, until: proof.signedAt + window.ageMax, now: now)
    }
}
