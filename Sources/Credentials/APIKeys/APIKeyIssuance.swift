import Audit
import FoundationEssentials
import Guard
import Keys
import OAuthProtocol
import Postgres
import Runtime
import Web

/// Makes, rotates, imports and revokes API keys, each with its event in the same transaction.
package struct APIKeyIssuance: Sendable {
    /// Keys that work at once, per owner.
    package static let perOwnerMax = 1_000

    /// What is asked of a new key.
    package struct Wish: Sendable {
        package var kind: APIKeyText.Kind
        package var owner: APIKey.Owner
        package var name: String
        package var scopes: ScopeSet
        package var audiences: [String] = []
        package var networks: [AddressNetwork] = []
        package var limit: AttemptLimit?
        package var expiresAt: Date?

        package init(kind: APIKeyText.Kind, owner: APIKey.Owner, name: String, scopes: ScopeSet) {
            self.kind = kind
            self.owner = owner
            self.name = name
            self.scopes = scopes
        }
    }

    private let database: Database
    private let directory: APIKeyDirectory
    private let audit: AuditStore
    private let randomness: any Randomness

    package init(database: Database, directory: APIKeyDirectory, audit: AuditStore, randomness: any Randomness) {
        self.database = database
        self.directory = directory
        self.audit = audit
        self.randomness = randomness
    }

    /// - Returns: the key, and its text: shown this once.
    /// - Throws: `invalid_request` above ``perOwnerMax``; `PostgresError`.
    package func issue(_ wish: Wish, by actor: String, address: String?, now: Date) async throws -> (key: APIKey, text: APIKeyText) {
        let (key, text) = make(wish, now: now)
        try await database.transaction { transaction in
            try await insert(key, in: transaction, by: actor, address: address, now: now)
        }
        return (key, text)
    }

    /// Makes a successor with the same rights. The old key works on until `overlap` has passed.
    /// - Throws: `invalid_request` when the key no longer works or has a successor; `PostgresError`.
    package func rotate(
        _ old: APIKey, overlap: Duration, by actor: String, address: String?, now: Date
    ) async throws -> (key: APIKey, text: APIKeyText) {
        var wish = Wish(
            kind: APIKeyText.Kind(rawValue: old.kind.rawValue) ?? .live, owner: old.owner, name: old.name, scopes: old.scopes)
        wish.audiences = old.audiences
        wish.networks = old.networks
        wish.limit = old.limit
        // The successor lives as long as its predecessor was given.
        wish.expiresAt = old.expiresAt.map { now.addingTimeInterval($0.timeIntervalSince(old.createdAt)) }
        let (key, text) = make(wish, now: now)
        try await database.transaction { transaction in
            let store = APIKeyStore(transaction)
            guard try await store.rotate(old.id, to: key.id, until: now + overlap, now: now) else {
                throw OAuthError.invalidRequest("The key is revoked, expired or rotated already.")
            }
            try await insert(key, in: transaction, by: actor, address: address, now: now)
            try await store.announceChange()
        }
        directory.flush()
        return (key, text)
    }

    /// Takes over a key of another system by its SHA-256: whoever holds it goes on using it.
    /// - Throws: `invalid_request` when it is known already; `PostgresError`.
    package func `import`(_ wish: Wish, hash: TokenHash, by actor: String, address: String?, now: Date) async throws -> APIKey {
        var key = APIKey(
            id: APIKeyText(kind: .live, next: nextByte()).keyID, hash: hash, kind: .imported, owner: wish.owner, name: wish.name,
            scopes: wish.scopes, now: now)
        fill(&key, wish)
        let imported = key
        do {
            try await database.transaction { transaction in
                try await insert(imported, in: transaction, by: actor, address: address, now: now)
            }
        } catch let error as PostgresError where error.violatesUnique("api_keys_secret_hash") {
            throw OAuthError.invalidRequest("This key is known already.")
        }
        return imported
    }

    /// - Returns: whether it worked until now.
    /// - Throws: `PostgresError`.
    package func revoke(_ key: APIKey, by actor: String, address: String?, now: Date) async throws -> Bool {
        let isRevoked = try await database.transaction { transaction in
            guard try await APIKeyStore(transaction).revoke(key.id, now: now) else { return false }
            try await APIKeyStore(transaction).announceChange()
            try await audit.insert(event(.apiKeyRevoked, key, by: actor, address: address), now: now, in: transaction)
            return true
        }
        directory.flush()
        return isRevoked
    }

    private func insert(_ key: APIKey, in transaction: any Queryable, by actor: String, address: String?, now: Date) async throws {
        guard try await APIKeyStore(transaction).count(owner: key.owner, now: now) < Self.perOwnerMax else {
            throw OAuthError.invalidRequest("This owner has too many keys.")
        }
        try await APIKeyStore(transaction).insert(key)
        try await audit.insert(
            event(key.kind == .imported ? .apiKeyImported : .apiKeyIssued, key, by: actor, address: address), now: now, in: transaction)
    }

    private func make(_ wish: Wish, now: Date) -> (APIKey, APIKeyText) {
        let text = APIKeyText(kind: wish.kind, next: nextByte())
        var key = APIKey(
            id: text.keyID, hash: TokenHash(of: text.text), kind: APIKey.Kind(rawValue: wish.kind.rawValue) ?? .live, owner: wish.owner,
            name: wish.name, scopes: wish.scopes, now: now)
        fill(&key, wish)
        return (key, text)
    }

    private func fill(_ key: inout APIKey, _ wish: Wish) {
        key.audiences = wish.audiences
        key.networks = wish.networks
        key.limit = wish.limit
        key.expiresAt = wish.expiresAt
    }

    private func nextByte() -> () -> UInt8 {
        var pool: [UInt8] = []
        return {
            if pool.isEmpty { pool = randomness.bytes(64) }
            return pool.removeLast()
        }
    }

    private func event(_ kind: AuditEvent.Kind, _ key: APIKey, by actor: String, address: String?) -> AuditEvent {
        var event = AuditEvent(kind, address: address, detail: ["key_id": key.id, "by": actor])
        switch key.owner {
        case .user(let id): event.userID = id
        case .client(let id): event.clientID = id
        }
        return event
    }
}

extension AuditEvent.Kind {
    package static let apiKeyIssued = Self("api_key.issued")
    package static let apiKeyImported = Self("api_key.imported")
    package static let apiKeyRevoked = Self("api_key.revoked")
    package static let apiKeyChecked = Self("api_key.checked")
    package static let apiKeyRefused = Self("api_key.refused")
}
