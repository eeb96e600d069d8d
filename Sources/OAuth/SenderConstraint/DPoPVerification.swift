import Audit
import Credentials
import FoundationEssentials
import HTTPTypes
import Hummingbird
import OAuthProtocol
import Web

/// Checks DPoP proofs (RFC 9449 §4.3), each once on all nodes together: where tokens are asked for, and where bound tokens are shown.
package struct DPoPVerification: Sendable {
    /// The replay store remembers proofs for as long as they can be used.
    private static let window = DPoPProof.Window(ageMax: ReplayWindow.ageMax, aheadMax: ReplayWindow.aheadMax)

    /// Scheme, host and port under which this server is reached.
    package private(set) var origins: [String]
    private let replay: ReplayGuard
    /// Nil where none are asked for.
    private let nonces: DPoPNonces?
    private let tally: AuditTally

    package init(origins: [String], replay: ReplayGuard, nonces: DPoPNonces?, tally: AuditTally) {
        self.origins = origins
        self.replay = replay
        self.nonces = nonces
        self.tally = tally
    }

    /// The same under other addresses.
    package func reached(at origins: [String]) -> DPoPVerification {
        var other = self
        other.origins = origins
        return other
    }

    /// The key that the sender of a token request proves to hold (§5). To be called when the client is known: strangers leave no traces.
    /// - Returns: nil where there is no proof.
    /// - Throws: `invalid_dpop_proof`, `use_dpop_nonce`; `temporarily_unavailable`.
    func find(_ request: Request, _ context: GatehouseContext, clientID: String?, now: Date) async throws -> JWKThumbprint? {
        let sender = SenderEvidence(request, context, origins: origins)
        guard !sender.proofs.isEmpty else { return nil }
        do {
            return try await check(sender, accessToken: nil, key: nil, now: now)
        } catch let refusal as DPoPRefusal {
            throw refused(refusal, clientID: clientID, now: now)
        }
    }

    /// Demands a proof for an access token by the key that it is bound to (§7.1).
    /// - Throws: `invalid_dpop_proof`, `use_dpop_nonce`, with a challenge; `temporarily_unavailable`.
    func require(_ sender: SenderEvidence, accessToken: String, key: JWKThumbprint, clientID: String, now: Date) async throws {
        do {
            _ = try await check(sender, accessToken: accessToken, key: key, now: now)
        } catch let refusal as DPoPRefusal {
            var error = refused(refusal, clientID: clientID, now: now)
            error.challenge = .dpop(error: error.code, description: error.publicDescription)
            throw error
        }
    }

    /// For answers that are no refusals (§8.2): clients learn the next nonce before they need it.
    func mark(_ response: inout Response, now: Date) {
        if let nonces { response.headers[.dpopNonce] = nonces.current(now: now) }
    }

    private func check(
        _ sender: SenderEvidence, accessToken: String?, key: JWKThumbprint?, now: Date
    ) async throws -> JWKThumbprint {
        let proof = try await DPoPProof(
            sender.proofs, for: sender.target, accessToken: accessToken, window: Self.window, now: now)
        guard key == nil || proof.thumbprint == key else { throw DPoPRefusal.wrongKey }
        if let nonces {
            guard let nonce = proof.nonce else { throw DPoPRefusal.missingNonce }
            guard nonces.contains(nonce, now: now) else { throw DPoPRefusal.wrongNonce }
        }
        // Last: whoever doesn't hold the key must not be able to use up a proof.
        let once = ReplayProof(
            .dpop, keyID: proof.thumbprint.description, nonce: proof.identifier, signedAt: proof.signedAt)
        switch try await replay.check(once, now: now) {
        case .fresh: return proof.thumbprint
        case .replayed: throw DPoPRefusal.replayed
        case .beforeRecovery: throw DPoPRefusal.beforeRecovery
        case .outsideWindow: throw DPoPRefusal.stale
        }
    }

    private func refused(_ refusal: DPoPRefusal, clientID: String?, now: Date) -> OAuthError {
        tally.count(.dpopRefused, clientID: clientID, reason: refusal.rawValue)
        let reason = "DPoP: \(refusal.rawValue)"
        var error =
            switch refusal {
            case .missingNonce, .wrongNonce:
                OAuthError(.useDPoPNonce, "The DPoP proof must carry the nonce of DPoP-Nonce.", reason: reason)
            default: OAuthError(.invalidDPoPProof, "The DPoP proof is not valid.", reason: reason)
            }
        error.dpopNonce = nonces?.current(now: now)
        return error
    }
}
