import Audit
import FoundationEssentials
import Guard
import OAuthProtocol
import Runtime
import Web

/// Judges signed requests (RFC 9421): policy, signature, key, rights, nonce, in this order.
///
/// What fails before a signature holds costs the same whether its key exists or not: an unknown or revoked `keyid` is checked
/// against a key that nobody has. Nothing is remembered of a request before its signature has held.
package struct SignedRequestVerification: Sendable {
    /// A caller and a proxy or two; each may cost one look-up.
    static let signatureCountMax = 4

    private let directory: SignatureKeyDirectory
    private let replay: ReplayGuard
    private let tally: AuditTally
    private let policy = MessageSignaturePolicy(
        ageMax: ReplayWindow.ageMax, aheadMax: ReplayWindow.aheadMax, nonceRule: .always, signatureCountMax: signatureCountMax)
    private let decoys: SignatureDecoys

    /// - Throws: never in practice: the decoys are made from fresh random bytes.
    package init(directory: SignatureKeyDirectory, replay: ReplayGuard, tally: AuditTally, randomness: any Randomness) throws {
        self.directory = directory
        self.replay = replay
        self.tally = tally
        decoys = try SignatureDecoys(randomness: randomness)
    }

    /// - Parameters:
    ///   - message: the request as far as a signature can cover it; throws where it is none.
    ///   - address: where the request came from; nil where nobody says.
    ///   - asker: the client that asks about it, for the tally; nil where the request was sent to us.
    ///   - notes: where the key itself is what proves the caller, so that the answer tells of its limit.
    ///   - permit: throws ``SignedRequestRefusal`` where the key is none of the asker's business or lacks what it asks for. Asked before
    ///     the nonce is used up: who may not ask must not be able to spoil the request for who may.
    /// - Throws: ``SignedRequestRefusal``; `too_many_requests` above the key's own limit; `temporarily_unavailable` when nonces can't
    ///   be compared; `PostgresError`.
    package func require(
        _ message: () throws(MessageSignatureRefusal) -> SignableMessage, from address: String?, asker: String?,
        noting notes: RequestNotes? = nil, now: Date,
        permit: (Credential) throws(SignedRequestRefusal) -> Void = { _ throws(SignedRequestRefusal) in }
    ) async throws -> SignedRequest {
        do {
            let request = try await judge(try Self.make(message), from: address, noting: notes, now: now, permit: permit)
            tally.count(.signatureChecked, clientID: asker)
            return request
        } catch let refusal as SignedRequestRefusal {
            tally.count(.signatureRefused, clientID: asker, reason: refusal.reason)
            throw refusal
        } catch let error as OAuthError where error.code == .tooManyRequests {
            tally.count(.signatureRefused, clientID: asker, reason: "rate_limited")
            throw error
        }
    }

    private static func make(
        _ message: () throws(MessageSignatureRefusal) -> SignableMessage
    ) throws(SignedRequestRefusal) -> SignableMessage {
        do { return try message() } catch { throw .message(error) }
    }

    private func judge(
        _ message: SignableMessage, from address: String?, noting notes: RequestNotes?, now: Date,
        permit: (Credential) throws(SignedRequestRefusal) -> Void
    ) async throws -> SignedRequest {
        let held = try await holding(message, from: address, now: now)
        let request = held[0]
        let credential = request.key.credential
        try permit(credential)
        try directory.takeAttempt(credential, noting: notes, now: now)
        // Of a message with two signatures that hold, neither may be used again without the other.
        for request in held {
            do {
                try await consume(request.signature, now: now)
            } catch let refusal as SignedRequestRefusal {
                directory.giveAttemptBack(credential)
                throw refusal
            }
        }
        directory.noteUse(credential, now: now)
        return request
    }

    /// The signatures that hold under keys that are worth something: at least one.
    private func holding(_ message: SignableMessage, from address: String?, now: Date) async throws -> [SignedRequest] {
        let candidates: (signatures: [MessageSignature], refusal: MessageSignatureRefusal?)
        do {
            candidates = try policy.candidates(of: message, now: now)
        } catch {
            throw SignedRequestRefusal.message(error)
        }
        var held: [SignedRequest] = []
        var refusal: SignedRequestRefusal?
        for signature in candidates.signatures {
            do {
                held.append(try await verify(signature, of: message, from: address, now: now))
            } catch let other as SignedRequestRefusal {
                // Another party's signature says less about the caller than one of a key that we know.
                if refusal == nil || refusal == .unknownKey { refusal = other }
            }
        }
        guard held.isEmpty else { return held }
        if let refusal, refusal != .unknownKey { throw refusal }
        throw candidates.refusal.map(SignedRequestRefusal.message) ?? refusal ?? .message(.noSignature)
    }

    private func verify(_ signature: MessageSignature, of message: SignableMessage, from address: String?, now: Date) async throws
        -> SignedRequest
    {
        // The policy has asked for one.
        guard let keyID = signature.keyID else { throw SignedRequestRefusal.message(.missingParameter("keyid")) }
        let key = try await directory.find(keyID, now: now)
        let keys = key?.keys(now: now) ?? []
        let verified: VerifiedSignature
        do {
            verified = try policy.verify(
                signature, of: message, keys: keys.isEmpty ? [decoys.key(for: signature.algorithmName)] : keys)
        } catch {
            // The decoy's word says nothing.
            if key == nil { throw SignedRequestRefusal.unknownKey }
            throw keys.isEmpty ? SignedRequestRefusal.revoked : .message(error)
        }
        guard let key else { throw SignedRequestRefusal.unknownKey }
        if let flaw = key.credential.judge(from: address, now: now) { throw SignedRequestRefusal(flaw) }
        return SignedRequest(key: key, signature: verified)
    }

    private func consume(_ signature: VerifiedSignature, now: Date) async throws {
        // The policy has asked for one.
        guard let nonce = signature.nonce else { throw SignedRequestRefusal.message(.missingParameter("nonce")) }
        let proof = ReplayProof(.messageSignature, keyID: signature.keyID, nonce: nonce, signedAt: signature.createdAt)
        switch try await replay.check(proof, now: now) {
        case .fresh: return
        case .replayed: throw SignedRequestRefusal.replayed
        case .beforeRecovery: throw SignedRequestRefusal.beforeRecovery
        case .outsideWindow: throw SignedRequestRefusal.message(.stale)
        }
    }
}
