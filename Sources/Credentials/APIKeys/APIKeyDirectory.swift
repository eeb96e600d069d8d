import FoundationEssentials
import Guard
import Keys
import OAuthProtocol
import Postgres
import Web

/// API keys by their hash, in memory: checking a key that was seen before costs no round trip, and another one indexed read.
///
/// What is in memory holds while changes are announced to this node; when that line is lost, nothing is older than five seconds.
package final class APIKeyDirectory: Sendable {
    private let database: any Queryable
    private let held = AnnouncedCache<TokenHash, APIKey>(entriesMax: 50_000)
    private let uses = CredentialUses()
    private let limiter: RateLimiter

    /// - Parameter limiter: holds keys to the limits that they bring.
    package init(database: any Queryable, limiter: RateLimiter) {
        self.database = database
        self.limiter = limiter
    }

    /// Judges a presented key. A wrong key takes as long as one that never was: both are one look-up by hash.
    /// - Parameters:
    ///   - presented: as it was sent.
    ///   - address: where it was sent from; nil when the caller does not say.
    ///   - notes: where the key itself is what proves the caller, so that the answer tells of its limit.
    /// - Throws: ``APIKeyRefusal``; `too_many_requests` above the key's own limit; `PostgresError`.
    package func require(_ presented: String, from address: String?, noting notes: RequestNotes? = nil, now: Date) async throws -> APIKey {
        let hash = try Self.hash(presented)
        guard let key = try await find(hash, now: now) else { throw APIKeyRefusal.unknown }
        return try use(key, address: address, noting: notes, now: now)
    }

    /// As ``require(_:from:noting:now:)``, for a key that is in memory.
    /// - Returns: nil where it is not; then nothing has been counted either.
    package func requireInPlace(_ presented: String, from address: String?, now: Date) throws -> APIKey? {
        guard case .held(let key) = held.find(try Self.hash(presented), now: now) else { return nil }
        return try use(key, address: address, noting: nil, now: now)
    }

    private static func hash(_ presented: String) throws(APIKeyRefusal) -> TokenHash {
        if APIKeyText.isClaimed(by: presented) {
            do {
                _ = try APIKeyText(parsing: presented)
            } catch {
                throw error == .checksum ? APIKeyRefusal.checksum : .malformed
            }
        } else if presented.utf8.count > 512 {
            throw APIKeyRefusal.malformed
        }
        return TokenHash(of: presented)
    }

    private func use(_ key: APIKey, address: String?, noting notes: RequestNotes?, now: Date) throws -> APIKey {
        if let flaw = key.credential.judge(from: address, now: now) { throw APIKeyRefusal(flaw) }
        if let limit = key.credential.terms.limit { try limiter.require(key.id, limit: limit, noting: notes, now: now) }
        uses.note(key.id, at: now)
        return key
    }

    private func find(_ hash: TokenHash, now: Date) async throws -> APIKey? {
        switch held.find(hash, now: now) {
        case .held(let key):
            return key
        case .missing(let generation):
            guard let key = try await APIKeyStore(database).find(hash: hash) else { return nil }
            held.keep(key, for: hash, generation: generation, now: now)
            return key
        }
    }

    /// Forgets everything: a key or its owner has changed.
    package func flush() { held.flush() }

    /// Says whether changes are being announced to this node.
    package func setListening(_ isListening: Bool) { held.setListening(isListening) }

    /// Writes when keys were last used, since the last call.
    /// - Throws: `PostgresError`; then what was not written is kept for the next time.
    package func writeUses() async throws {
        try await uses.write(to: CredentialStore(.apiKeys, database))
    }
}
