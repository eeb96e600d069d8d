import Audit
import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres
import Runtime

/// Makes, rotates, imports and revokes API keys, each with its event in the same transaction.
package struct APIKeyIssuance: Sendable {
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
    /// - Throws: `invalid_request` above ``Credential/perOwnerMax``; `PostgresError`.
    package func issue(
        _ terms: CredentialTerms, kind: APIKeyText.Kind, by actor: String, address: String?, now: Date
    ) async throws -> (key: APIKey, text: APIKeyText) {
        let (key, text) = make(terms, kind: kind, now: now)
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
        var terms = old.credential.terms
        // The successor lives as long as its predecessor was given.
        terms.expiresAt = old.expiresAt.map { now.addingTimeInterval($0.timeIntervalSince(old.createdAt)) }
        let (key, text) = make(terms, kind: APIKeyText.Kind(rawValue: old.kind.rawValue) ?? .live, now: now)
        try await database.transaction { transaction in
            guard try await APIKeyStore(transaction).rotate(old.id, to: key.id, until: now + overlap, now: now) else {
                throw OAuthError.invalidRequest("The key is revoked, expired or rotated already.")
            }
            try await insert(key, in: transaction, by: actor, address: address, now: now)
            try await CredentialStore(.apiKeys, transaction).announceChange()
        }
        directory.flush()
        return (key, text)
    }

    /// Takes over a key of another system by its SHA-256: whoever holds it goes on using it.
    /// - Throws: `invalid_request` when it is known already; `PostgresError`.
    package func `import`(
        _ terms: CredentialTerms, hash: TokenHash, by actor: String, address: String?, now: Date
    ) async throws -> APIKey {
        let id = APIKeyText(kind: .live, next: randomness.byteByByte()).keyID
        let imported = APIKey(Credential(id: id, terms: terms, now: now), hash: hash, kind: .imported)
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
            let store = CredentialStore(.apiKeys, transaction)
            guard try await store.revoke(key.id, now: now) else { return false }
            try await store.announceChange()
            try await audit.insert(
                AuditEvent(.apiKeyRevoked, of: key.credential, by: actor, address: address), now: now, in: transaction)
            return true
        }
        directory.flush()
        return isRevoked
    }

    private func insert(_ key: APIKey, in transaction: any Queryable, by actor: String, address: String?, now: Date) async throws {
        try await CredentialStore(.apiKeys, transaction).requireRoom(for: key.owner, now: now)
        try await APIKeyStore(transaction).insert(key)
        let kind: AuditEvent.Kind = key.kind == .imported ? .apiKeyImported : .apiKeyIssued
        try await audit.insert(AuditEvent(kind, of: key.credential, by: actor, address: address), now: now, in: transaction)
    }

    private func make(_ terms: CredentialTerms, kind: APIKeyText.Kind, now: Date) -> (APIKey, APIKeyText) {
        let text = APIKeyText(kind: kind, next: randomness.byteByByte())
        let credential = Credential(id: text.keyID, terms: terms, now: now)
        return (APIKey(credential, hash: TokenHash(of: text.text), kind: APIKey.Kind(rawValue: kind.rawValue) ?? .live), text)
    }
}

extension Randomness {
    /// Unpredictable bytes one at a time, drawn from the kernel in larger pieces.
    func byteByByte() -> () -> UInt8 {
        var pool: [UInt8] = []
        return {
            if pool.isEmpty { pool = bytes(64) }
            return pool.removeLast()
        }
    }
}

extension AuditEvent.Kind {
    package static let apiKeyIssued = Self("api_key.issued")
    package static let apiKeyImported = Self("api_key.imported")
    package static let apiKeyRevoked = Self("api_key.revoked")
    package static let apiKeyChecked = Self("api_key.checked")
    package static let apiKeyRefused = Self("api_key.refused")
}
