import Crypto
import FoundationEssentials
import Keys
import OAuthProtocol
import Runtime
import Synchronization

/// Whether an access token that came back is ours, unexpired and not revoked. Userinfo, introspection and the door all ask here.
///
/// A signature is checked once: what it proved is kept in bounded memory under the token's hash,
/// and expiry and revocation are judged every time.
package final class AccessTokenVerification: Sendable {
    /// Tokens remembered in each of two generations.
    static let rememberedMax = 50_000

    private struct Remembered {
        var young: [TokenHash: AccessToken] = [:]
        var old: [TokenHash: AccessToken] = [:]
        /// Raised when everything is forgotten, so that what was verified before is not remembered after.
        var generation = 0
    }

    private let keys: KeyRing
    private let revocations: RevocationList
    private let proofs: DPoPVerification
    private let verification: JWTVerification
    private let remembered = Mutex(Remembered())

    package init(issuer: String, keys: KeyRing, revocations: RevocationList, proofs: DPoPVerification) {
        self.keys = keys
        self.revocations = revocations
        self.proofs = proofs
        self.verification = JWTVerification.accessToken(issuer: issuer)
    }

    /// Whoever lets somebody in on a token asks here: a bound token is good only with what it is bound to. A DPoP proof is used up by it.
    /// - Throws: as ``verify(_:now:)``; `invalid_dpop_proof`, `use_dpop_nonce`, `temporarily_unavailable`.
    package func require(_ token: PresentedToken, from sender: SenderEvidence, now: Date) async throws -> AccessToken {
        let accessToken = try await verify(token.text, now: now)
        guard let key = try SenderConstraint.require(accessToken.constraint, token.scheme, certificates: sender.certificates) else {
            return accessToken
        }
        try await proofs.require(sender, accessToken: token.text, key: key, clientID: accessToken.clientID, now: now)
        return accessToken
    }

    /// As ``require(_:from:now:)``, from memory alone, for a token that was verified before and needs no proof.
    /// - Parameter certificates: what the sender has proven to hold the key of: DER, its own first.
    /// - Returns: nil where something has to be looked up.
    package func requireInPlace(_ token: PresentedToken, certificates: [[UInt8]], now: Date) throws(OAuthError) -> AccessToken? {
        guard let accessToken = try verifyInPlace(token.text, now: now),
            try SenderConstraint.require(accessToken.constraint, token.scheme, certificates: certificates) == nil
        else { return nil }
        return accessToken
    }

    /// What a token says, whoever holds it: to describe or to revoke it, never to let anybody in.
    /// - Throws: `invalid_token` (RFC 6750 §3.1), whatever the reason; the reason is for the log.
    package func verify(_ token: String, now: Date) async throws -> AccessToken {
        let hash = TokenHash(of: token)
        let (known, generation) = recall(hash)
        let accessToken: AccessToken
        if let known {
            accessToken = known
        } else {
            accessToken = try await check(token, now: now)
            remember(accessToken, hash, generation)
        }
        return try judge(accessToken, now: now)
    }

    /// As ``verify(_:now:)``, for a token that was verified before.
    /// - Returns: nil where this one was not, or was forgotten.
    private func verifyInPlace(_ token: String, now: Date) throws(OAuthError) -> AccessToken? {
        guard let known = recall(TokenHash(of: token)).0 else { return nil }
        return try judge(known, now: now)
    }

    private func judge(_ accessToken: AccessToken, now: Date) throws(OAuthError) -> AccessToken {
        guard now < accessToken.expiresAt else { throw .invalidToken(reason: "expired") }
        guard !revocations.covers(accessToken) else { throw .invalidToken(reason: "revoked") }
        return accessToken
    }

    /// A signing key has been withdrawn: everything is verified anew.
    package func forgetAll() {
        remembered.withLock { $0 = Remembered(generation: $0.generation + 1) }
    }

    private func check(_ token: String, now: Date) async throws(OAuthError) -> AccessToken {
        do {
            let claims = try await verification.verify(
                token,
                key: { header throws(JWTRefusal) in
                    guard let key = keys.verificationKey(keyID: header.keyID ?? "", algorithm: header.algorithm, now: now) else {
                        throw .unknownKey
                    }
                    return key
                }, now: now)
            // RFC 9068 §2.2
            guard let accessToken = AccessToken(claims) else { throw JWTRefusal.malformed }
            return accessToken
        } catch {
            throw .invalidToken(reason: "\(error)")
        }
    }

    private func recall(_ hash: TokenHash) -> (AccessToken?, generation: Int) {
        remembered.withLock { remembered in
            if let token = remembered.young[hash] { return (token, remembered.generation) }
            guard let token = remembered.old[hash] else { return (nil, remembered.generation) }
            remembered.young[hash] = token
            return (token, remembered.generation)
        }
    }

    private func remember(_ token: AccessToken, _ hash: TokenHash, _ generation: Int) {
        remembered.withLock { remembered in
            guard remembered.generation == generation else { return }
            if remembered.young.count >= Self.rememberedMax {
                remembered.old = remembered.young
                remembered.young = [:]
            }
            remembered.young[hash] = token
        }
    }
}
