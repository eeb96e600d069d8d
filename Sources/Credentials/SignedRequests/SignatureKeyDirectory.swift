import FoundationEssentials
import Guard
import Keys
import OAuthProtocol
import Postgres
import Web

/// Signature keys by `keyid`, opened and in memory: checking one that was seen before costs no round trip, another one indexed read,
/// and one that doesn't exist one indexed read as well, once.
///
/// What is in memory holds while changes are announced to this node; when that line is lost, nothing is older than five seconds.
package final class SignatureKeyDirectory: Sendable {
    private let database: any Queryable
    private let masterKeys: MasterKeys
    private let held = AnnouncedCache<String, SignatureKey>(entriesMax: 50_000)
    /// Apart from the others, so that a flood of invented ids pushes no real key out.
    private let absent = AnnouncedCache<String, Bool>(entriesMax: 10_000)
    private let uses = CredentialUses()
    private let limiter: RateLimiter

    /// - Parameter limiter: holds keys to the limits that they bring.
    package init(database: any Queryable, masterKeys: MasterKeys, limiter: RateLimiter) {
        self.database = database
        self.limiter = limiter
        self.masterKeys = masterKeys
    }

    /// - Returns: the key, also a revoked one; nil where there is none.
    /// - Throws: `PostgresError`, `MasterKeyError`.
    func find(_ keyID: String, now: Date) async throws -> SignatureKey? {
        guard SignatureKeyID.isOurs(keyID) else { return nil }
        let generation: Int
        switch held.find(keyID, now: now) {
        case .held(let key): return key
        case .missing(let current): generation = current
        }
        guard case .missing(let absentGeneration) = absent.find(keyID, now: now) else { return nil }
        guard let row = try await SignatureKeyStore(database).find(id: keyID) else {
            absent.keep(true, for: keyID, generation: absentGeneration, now: now)
            return nil
        }
        let key = try SignatureKey(opening: row, masterKeys: masterKeys)
        held.keep(key, for: keyID, generation: generation, now: now)
        return key
    }

    /// Takes one attempt of a key with a limit of its own.
    /// - Throws: `too_many_requests` above it.
    func takeAttempt(_ credential: Credential, noting notes: RequestNotes?, now: Date) throws(OAuthError) {
        guard let limit = credential.terms.limit else { return }
        try limiter.require(credential.id, limit: limit, noting: notes, now: now)
    }

    /// The request was not the key holder's: somebody sent it again.
    func giveAttemptBack(_ credential: Credential) {
        if credential.terms.limit != nil { limiter.giveBack(credential.id) }
    }

    func noteUse(_ credential: Credential, now: Date) { uses.note(credential.id, at: now) }

    /// Forgets everything: a key or its owner has changed.
    package func flush() {
        held.flush()
        absent.flush()
    }

    /// Says whether changes are being announced to this node.
    package func setListening(_ isListening: Bool) {
        held.setListening(isListening)
        absent.setListening(isListening)
    }

    /// Writes when keys were last used, since the last call.
    /// - Throws: `PostgresError`; then what was not written is kept for the next time.
    package func writeUses() async throws {
        try await uses.write(to: CredentialStore(.signatureKeys, database))
    }
}
