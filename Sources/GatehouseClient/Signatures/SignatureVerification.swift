import FoundationEssentials
import OAuthProtocol

/// Signs and verifies messages with keys of this process's own (RFC 9421, RFC 9530).
struct SignatureVerification: Sendable {
    private let policy: MessageSignaturePolicy
    private let nonces: SignatureNonces

    init(_ options: GatehouseOptions) {
        policy = MessageSignaturePolicy(ageMax: options.signatureAgeMax, aheadMax: options.clockTolerance)
        nonces = SignatureNonces(countMax: options.nonceCountMax)
    }

    func verify(
        _ message: GatehouseMessage, keys: (String) async throws -> [GatehouseTrustedKey], now: Date
    ) async throws -> GatehouseCaller {
        let signable: SignableMessage
        do { signable = try message.signable() } catch { throw GatehouseError.refused(GatehouseRefusal(error)) }
        var found: [String: [GatehouseTrustedKey]] = [:]
        let verdict = try await policy.judge(signable, now: now) { signature in
            guard let keyID = signature.keyID else { return [] }
            let trusted = try await keys(keyID)
            found[keyID] = trusted
            return trusted.map(\.key.key)
        }
        switch verdict {
        case .refused(let refusal):
            throw GatehouseError.refused(GatehouseRefusal(refusal))
        case .verified(let signature):
            guard let nonce = signature.nonce, let trusted = found[signature.keyID]?[signature.keyIndex] else {
                throw GatehouseError.refused(.incompleteSignature)
            }
            try nonces.consume(keyID: signature.keyID, nonce: nonce, until: signature.nonceNeededUntil, now: now)
            return GatehouseCaller(
                proof: .signature, kind: trusted.kind, subject: trusted.subject,
                clientID: trusted.kind == .client ? trusted.subject : nil, scopes: trusted.scopes, roles: trusted.roles,
                expiresAt: signature.expiresAt, credentialID: signature.keyID)
        }
    }

    static func sign(
        _ message: GatehouseMessage, with key: GatehouseSigningKey, nonce: String, now: Date
    ) throws(GatehouseError) -> [GatehouseMessage.Field] {
        do {
            let signer = try MessageSigner(key: key.key, keyID: key.id)
            return try signer.sign(try message.signable(), now: now, nonce: nonce)
        } catch {
            throw .misconfigured("the message can't be signed: \(error.code)")
        }
    }
}
