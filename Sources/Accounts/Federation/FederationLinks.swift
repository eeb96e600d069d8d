import Audit
import FoundationEssentials
import Keys
import Postgres
import Runtime

/// Identities come to accounts and leave them, each with its event of record.
package struct FederationLinks: Sendable {
    let database: Database
    let directory: FederationDirectory
    let masterKeys: MasterKeys
    let audit: AuditStore
    let randomness: any Randomness

    /// Takes an identity from an account, unless it is the last way to sign in to it.
    /// - Throws: `PostgresError`, `MasterKeyError`.
    package func unlink(_ id: UUID, of userID: UUID, address: String, now: Date) async throws -> FederationUnlinking {
        let usable = try await directory.providers().map(\.id)
        return try await database.transaction { transaction in
            // Two removals take turns, or each would leave the other's.
            guard try await UserStore(transaction).lock(userID) else { return .unknown }
            let store = FederationStore(transaction)
            guard let identity = try await store.find(id: id, of: userID) else { return .unknown }
            let verdict = try await store.unlink(id, of: userID, usable: usable)
            guard verdict == .unlinked else { return verdict }
            try await audit.insert(
                AuditEvent(.identityUnlinked, userID: userID, address: address, detail: ["provider": identity.providerID]), now: now,
                in: transaction)
            return .unlinked
        }
    }

    /// Links an identity with an account, and keeps the provider's tokens where the settings ask for it.
    /// - Parameter proof: what the link rests on: `created`, `password`, `session`, `trusted_domain`, `provider`.
    /// - Returns: nil when the identity is another account's.
    func link(
        _ profile: FederationProfile, tokens: UpstreamTokens?, with userID: UUID, at provider: FederationProvider, proof: String,
        address: String, in transaction: any Queryable, now: Date
    ) async throws -> FederatedIdentity? {
        let store = FederationStore(transaction)
        let identity = FederatedIdentity(
            id: randomness.uuid(at: now), providerID: provider.id, issuer: profile.issuer, subject: profile.subject, userID: userID,
            label: profile.label, createdAt: now, lastUsedAt: now)
        guard try await store.insert(identity) else {
            guard let held = try await store.find(providerID: provider.id, issuer: profile.issuer, subject: profile.subject),
                held.userID == userID
            else { return nil }
            try await keep(tokens, of: provider, for: held.id, in: transaction)
            return held
        }
        try await audit.insert(
            AuditEvent(.identityLinked, userID: userID, address: address, detail: ["provider": provider.id, "proof": proof]), now: now,
            in: transaction)
        try await keep(tokens, of: provider, for: identity.id, in: transaction)
        return identity
    }

    func keep(_ tokens: UpstreamTokens?, of provider: FederationProvider, for identityID: UUID, in transaction: any Queryable) async throws
    {
        let store = UpstreamTokenStore(transaction, masterKeys: masterKeys)
        guard provider.keepsTokens else { return try await store.erase(identityID) }
        if let tokens { try await store.put(tokens, for: identityID, randomness: randomness) }
    }
}
