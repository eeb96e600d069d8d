import Audit
import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres
import Runtime

/// Makes, registers, rotates and revokes signature keys, each with its event in the same transaction.
package struct SignatureKeyIssuance: Sendable {
    /// What a key is to check with.
    package enum Source: Sendable {
        /// A new secret of 256 bits.
        case generated
        /// A secret of another system, or a public key.
        case given(SignatureKeyMaterial)
    }

    private let database: Database
    private let directory: SignatureKeyDirectory
    private let masterKeys: MasterKeys
    private let audit: AuditStore
    private let randomness: any Randomness

    package init(
        database: Database, directory: SignatureKeyDirectory, masterKeys: MasterKeys, audit: AuditStore, randomness: any Randomness
    ) {
        self.database = database
        self.directory = directory
        self.masterKeys = masterKeys
        self.audit = audit
        self.randomness = randomness
    }

    /// - Returns: the key, and its secret where it was generated: shown this once.
    /// - Throws: `invalid_request` above ``Credential/perOwnerMax``; `PostgresError`.
    package func issue(
        _ terms: CredentialTerms, from source: Source, by actor: String, address: String?, now: Date
    ) async throws -> (key: SignatureKeySummary, secret: String?) {
        let (material, secret) = try material(source)
        let id = SignatureKeyID.generate(randomness: randomness)
        let row = SignatureKeyRow(
            credential: Credential(id: id, terms: terms, now: now), algorithm: material.algorithm,
            material: try SignatureKeyRow.seal(material, .material, keyID: id, masterKeys: masterKeys, randomness: randomness))
        try await database.transaction { transaction in
            try await CredentialStore(.signatureKeys, transaction).requireRoom(for: terms.owner, now: now)
            try await SignatureKeyStore(transaction).insert(row)
            try await record(.signatureKeyIssued, row.credential, in: transaction, by: actor, address: address, now: now)
        }
        directory.flush()
        return (SignatureKeySummary(row), secret)
    }

    /// Puts something new behind the same id. What stood there works on until `overlap` has passed; what stood there before that,
    /// from an earlier rotation, ends at once: two are valid at a time.
    /// - Throws: `invalid_request` when the key no longer works, or for another algorithm than its own; `PostgresError`.
    package func rotate(
        _ id: String, from source: Source, overlap: Duration, by actor: String, address: String?, now: Date
    ) async throws -> (key: SignatureKeySummary, secret: String?) {
        let (material, secret) = try material(source)
        let rotated = try await database.transaction { transaction in
            let store = SignatureKeyStore(transaction)
            try await store.lock(id: id)
            guard var row = try await store.find(id: id), let sealed = row.material, row.credential.revokedAt == nil,
                row.credential.terms.expiresAt.map({ $0 > now }) ?? true
            else { throw OAuthError.invalidRequest("The key is revoked or expired.") }
            guard row.algorithm == material.algorithm else { throw OAuthError.invalidRequest("The key is of another algorithm.") }
            let replaced = try row.open(sealed, .material, masterKeys: masterKeys)
            row.material = try SignatureKeyRow.seal(material, .material, keyID: id, masterKeys: masterKeys, randomness: randomness)
            row.previousMaterial =
                overlap > .zero
                ? try SignatureKeyRow.seal(replaced, .previousMaterial, keyID: id, masterKeys: masterKeys, randomness: randomness) : nil
            row.previousUntil = overlap > .zero ? now + overlap : nil
            // It lives as long again as it was given.
            row.credential.terms.expiresAt = row.credential.terms.expiresAt.map {
                now.addingTimeInterval($0.timeIntervalSince(row.rotatedAt ?? row.credential.createdAt))
            }
            row.rotatedAt = now
            try await store.rotate(row)
            try await record(.signatureKeyRotated, row.credential, in: transaction, by: actor, address: address, now: now)
            return SignatureKeySummary(row)
        }
        directory.flush()
        return (rotated, secret)
    }

    /// Ends a key on every node at once, and erases its secrets.
    /// - Returns: whether it worked until now.
    /// - Throws: `PostgresError`.
    package func revoke(_ credential: Credential, by actor: String, address: String?, now: Date) async throws -> Bool {
        let isRevoked = try await database.transaction { transaction in
            guard try await SignatureKeyStore(transaction).revoke(id: credential.id, now: now) else { return false }
            try await record(.signatureKeyRevoked, credential, in: transaction, by: actor, address: address, now: now)
            return true
        }
        directory.flush()
        return isRevoked
    }

    /// Tells the other nodes, and the audit log. New keys are announced too: a node may hold that there is none of this id.
    private func record(
        _ kind: AuditEvent.Kind, _ credential: Credential, in transaction: any Queryable, by actor: String, address: String?, now: Date
    ) async throws {
        try await CredentialStore(.signatureKeys, transaction).announceChange()
        try await audit.insert(AuditEvent(kind, of: credential, by: actor, address: address), now: now, in: transaction)
    }

    private func material(_ source: Source) throws -> (SignatureKeyMaterial, secret: String?) {
        switch source {
        case .given(let material): return (material, nil)
        case .generated:
            let material = try SignatureKeyMaterial.generate(randomness: randomness)
            return (material, material.secretText)
        }
    }
}
