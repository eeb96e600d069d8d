import Audit
import FoundationEssentials
import Keys
import OAuthProtocol
import Outbound
import Postgres
import Runtime

/// Hands out providers' tokens that are still good.
package struct UpstreamTokenSource: Sendable {
    /// A token that ends sooner than this is renewed first.
    static let renewedBefore: Duration = .seconds(60)

    let database: Database
    let directory: FederationDirectory
    let documents: FederationDocuments
    let outbound: Outbound
    let masterKeys: MasterKeys
    let audit: AuditStore
    let randomness: any Randomness
    private let renewals = UpstreamTokenRenewals()

    init(
        database: Database, directory: FederationDirectory, documents: FederationDocuments, outbound: Outbound, masterKeys: MasterKeys,
        audit: AuditStore, randomness: any Randomness
    ) {
        self.database = database
        self.directory = directory
        self.documents = documents
        self.outbound = outbound
        self.masterKeys = masterKeys
        self.audit = audit
        self.randomness = randomness
    }

    /// - Returns: a person's tokens at a provider, the access token renewed where it has expired; nil where none are kept, or the provider
    ///   gives no newer one.
    /// - Throws: `temporarily_unavailable` when the provider is needed and can't be reached; `PostgresError`, `MasterKeyError`.
    package func fresh(userID: UUID, providerID: String, now: Date) async throws -> UpstreamTokens? {
        guard let provider = try await directory.find(providerID), provider.keepsTokens else { return nil }
        let store = UpstreamTokenStore(database, masterKeys: masterKeys)
        guard let (identityID, tokens) = try await store.find(userID: userID, providerID: providerID) else { return nil }
        guard Self.isOld(tokens, now: now) else { return tokens }
        return try await renewals.join(identityID) {
            // Who waited in line finds what the one before has stored.
            guard let (held, latest) = try await store.find(userID: userID, providerID: providerID), held == identityID else { return nil }
            guard Self.isOld(latest, now: now) else { return latest }
            return try await renew(latest, of: identityID, userID: userID, at: provider, in: store, now: now)
        }
    }

    private static func isOld(_ tokens: UpstreamTokens, now: Date) -> Bool {
        tokens.expiresAt.map { $0 < now + renewedBefore } ?? false
    }

    private func renew(
        _ tokens: UpstreamTokens, of identityID: UUID, userID: UUID, at provider: FederationProvider, in store: UpstreamTokenStore,
        now: Date
    ) async throws -> UpstreamTokens? {
        let exchange = FederationExchange(provider: provider, documents: documents, outbound: outbound, randomness: randomness)
        let renewed: UpstreamTokens?
        do throws(FederationFailure) {
            renewed = try await exchange.refresh(tokens, now: now)
        } catch {
            // Taken back there: it is of no use to anybody.
            if error.notice == .providerRefused {
                if try await erase(tokens, of: identityID, userID: userID, at: provider, now: now) { return nil }
                return try await latest(identityID, in: store, now: now)
            }
            throw OAuthError.temporarilyUnavailable("The provider can not be reached.", reason: error.reason)
        }
        guard let renewed else { return nil }
        if try await store.replace(renewed, for: identityID, storedAt: tokens.storedAt, randomness: randomness) { return renewed }
        return try await latest(identityID, in: store, now: now)
    }

    /// - Returns: false when others are there by now, or none.
    private func erase(
        _ tokens: UpstreamTokens, of identityID: UUID, userID: UUID, at provider: FederationProvider, now: Date
    ) async throws -> Bool {
        try await database.transaction { transaction in
            let store = UpstreamTokenStore(transaction, masterKeys: masterKeys)
            guard try await store.erase(identityID, storedAt: tokens.storedAt) else { return false }
            try await audit.insert(
                AuditEvent(.upstreamTokenErased, userID: userID, detail: ["provider": provider.id, "reason": "refused by provider"]),
                now: now, in: transaction)
            return true
        }
    }

    /// Another node was quicker, or a sign-in brought others: what is stored counts, if it is still good.
    private func latest(_ identityID: UUID, in store: UpstreamTokenStore, now: Date) async throws -> UpstreamTokens? {
        guard let stored = try await store.find(identityID: identityID), !Self.isOld(stored, now: now) else { return nil }
        return stored
    }
}
