import FoundationEssentials
import Guard
import Keys
import OAuthProtocol
import Postgres
import Runtime
import Synchronization
import Web

/// API keys by their hash, in memory: checking a key that was seen before costs no round trip, and another one indexed read.
///
/// What is in memory holds while changes are announced to this node; when that line is lost, nothing is older than ``staleAfter``.
package final class APIKeyDirectory: Sendable {
    package static let staleAfter: Duration = .seconds(5)
    static let entriesMax = 50_000

    private struct Entry {
        let key: APIKey
        let loadedAt: Date
    }

    private struct State {
        var entries: [TokenHash: Entry] = [:]
        /// Raised by every flush, so that what was read before a change is not kept after it.
        var generation = 0
        var isListening = false
        /// When keys were last used, until it is written.
        var uses: [String: Date] = [:]
    }

    private let database: any Queryable
    private let state = Mutex(State())
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
    package func require(_ presented: String, from address: String?, noting notes: RateLimitNotes? = nil, now: Date) async throws -> APIKey
    {
        let hash = try Self.hash(presented)
        guard let key = try await find(hash, now: now) else { throw APIKeyRefusal.unknown }
        return try use(key, address: address, noting: notes, now: now)
    }

    /// As ``require(_:from:noting:now:)``, for a key that is in memory.
    /// - Returns: nil where it is not; then nothing has been counted either.
    package func requireInPlace(_ presented: String, from address: String?, noting notes: RateLimitNotes? = nil, now: Date) throws
        -> APIKey?
    {
        try held(Self.hash(presented), now: now).key.map { try use($0, address: address, noting: notes, now: now) }
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

    private func use(_ key: APIKey, address: String?, noting notes: RateLimitNotes?, now: Date) throws -> APIKey {
        try judge(key, address: address, now: now)
        if let limit = key.limit { try limiter.require(key.id, limit: limit, noting: notes, now: now) }
        state.withLock { state in
            if state.uses[key.id] != nil || state.uses.count < Self.entriesMax { state.uses[key.id] = now }
        }
        return key
    }

    /// Pure: what a key that exists is worth now.
    private func judge(_ key: APIKey, address: String?, now: Date) throws(APIKeyRefusal) {
        guard key.revokedAt == nil else { throw .revoked }
        if let expiresAt = key.expiresAt, expiresAt <= now { throw .expired }
        guard !key.isOwnerDisabled else { throw .ownerDisabled }
        guard key.networks.isEmpty || key.networks.contains(where: { network in address.map(network.contains) ?? false }) else {
            throw .address
        }
    }

    private func held(_ hash: TokenHash, now: Date) -> (key: APIKey?, generation: Int) {
        state.withLock { state in
            (state.entries[hash].flatMap { state.isListening || now < $0.loadedAt + Self.staleAfter ? $0.key : nil }, state.generation)
        }
    }

    private func find(_ hash: TokenHash, now: Date) async throws -> APIKey? {
        let (held, generation) = held(hash, now: now)
        if let held { return held }
        guard let key = try await APIKeyStore(database).find(hash: hash) else { return nil }
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.entries.count >= Self.entriesMax { state.entries.removeAll(keepingCapacity: true) }
            state.entries[hash] = Entry(key: key, loadedAt: now)
        }
        return key
    }

    /// Forgets everything: a key or its owner has changed.
    package func flush() {
        state.withLock { state in
            state.entries.removeAll(keepingCapacity: true)
            state.generation += 1
        }
    }

    /// Says whether changes are being announced to this node.
    package func setListening(_ isListening: Bool) {
        state.withLock { $0.isListening = isListening }
        flush()
    }

    /// Writes when keys were last used, since the last call.
    /// - Throws: `PostgresError`; then what was not written is kept for the next time.
    package func writeUses() async throws {
        let uses = state.withLock { state in
            defer { state.uses.removeAll(keepingCapacity: true) }
            return state.uses
        }
        do {
            try await APIKeyStore(database).noteUse(uses.sorted { $0.key < $1.key }.map { (id: $0.key, at: $0.value) })
        } catch {
            state.withLock { $0.uses.merge(uses) { later, _ in later } }
            throw error
        }
    }
}
