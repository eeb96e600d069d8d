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
    /// How long access tokens of an ended session must be refused.
    let accessTokenLifetimeMax: Duration

    /// Takes an identity from an account, unless it is the last way to sign in to it, and ends the sessions that it has vouched for:
    /// whoever holds it may be the one who is to be kept out.
    /// - Parameter sparing: the session that asks for it.
    /// - Throws: `PostgresError`, `MasterKeyError`.
    package func unlink(
        _ id: UUID, of userID: UUID, sparing present: UUID? = nil, address: String, now: Date
    ) async throws -> FederationUnlinking {
        let providers = try await directory.providers()
        return try await database.transaction { transaction in
            // Two removals take turns, or each would leave the other's.
            guard try await UserStore(transaction).lock(userID) else { return .unknown }
            let store = FederationStore(transaction)
            guard let identity = try await store.find(id: id, of: userID) else { return .unknown }
            let others = try await store.list(of: userID).filter { $0.id != id }
            let isUsable = others.contains { other in providers.contains { $0.id == other.providerID && $0.answers(for: other.issuer) } }
            let rested = try await FederatedSessionStore(transaction).list(identityID: id, now: now).filter { $0 != present }
            // They go with the identity.
            let heldTokens = try await UpstreamTokenStore(transaction, masterKeys: masterKeys).holds(id)
            let verdict = try await store.unlink(id, of: userID, hasAnother: isUsable)
            guard verdict == .unlinked else { return verdict }
            for session in rested {
                guard try await SessionStore(transaction).revoke(session, now: now, accessUntil: now + accessTokenLifetimeMax) else {
                    continue
                }
                try await audit.insert(
                    AuditEvent(
                        .sessionEnded, userID: userID, sessionID: session, address: address, detail: ["reason": "identity unlinked"]),
                    now: now, in: transaction)
            }
            try await audit.insert(
                AuditEvent(.identityUnlinked, userID: userID, address: address, detail: ["provider": identity.providerID]), now: now,
                in: transaction)
            if heldTokens {
                try await audit.insert(
                    AuditEvent(
                        .upstreamTokenErased, userID: userID, address: address,
                        detail: ["provider": identity.providerID, "reason": "identity unlinked"]), now: now, in: transaction)
            }
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
            try await keep(tokens, of: provider, for: held, address: address, in: transaction, now: now)
            return held
        }
        try await audit.insert(
            AuditEvent(.identityLinked, userID: userID, address: address, detail: ["provider": provider.id, "proof": proof]), now: now,
            in: transaction)
        try await keep(tokens, of: provider, for: identity, address: address, in: transaction, now: now)
        return identity
    }

    /// Where the settings ask for no tokens, earlier ones go.
    func keep(
        _ tokens: UpstreamTokens?, of provider: FederationProvider, for identity: FederatedIdentity, address: String,
        in transaction: any Queryable, now: Date
    ) async throws {
        let store = UpstreamTokenStore(transaction, masterKeys: masterKeys)
        if provider.keepsTokens {
            if let tokens { try await store.put(tokens, for: identity.id, randomness: randomness) }
        } else if try await store.erase(identity.id) {
            try await audit.insert(
                AuditEvent(
                    .upstreamTokenErased, userID: identity.userID, address: address,
                    detail: ["provider": provider.id, "reason": "settings"]),
                now: now, in: transaction)
        }
    }
}
