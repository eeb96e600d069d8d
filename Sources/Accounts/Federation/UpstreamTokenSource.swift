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
    let randomness: any Randomness
    private let renewals = UpstreamTokenRenewals()

    init(
        database: Database, directory: FederationDirectory, documents: FederationDocuments, outbound: Outbound, masterKeys: MasterKeys,
        randomness: any Randomness
    ) {
        self.database = database
        self.directory = directory
        self.documents = documents
        self.outbound = outbound
        self.masterKeys = masterKeys
        self.randomness = randomness
    }

    /// - Returns: a person's tokens at a provider, the access token renewed where it has expired; nil where none are kept, or the provider
    ///   gives no newer one.
    /// - Throws: `temporarily_unavailable` when the provider is needed and can't be reached; `PostgresError`, `MasterKeyError`.
    package func fresh(userID: UUID, providerID: String, now: Date) async throws -> UpstreamTokens? {
        guard let provider = try await directory.find(providerID), provider.keepsTokens else { return nil }
        guard let (identityID, tokens) = try await store.find(userID: userID, providerID: providerID) else { return nil }
        guard Self.hasEnded(tokens, now: now) else { return tokens }
        return try await renewals.renew(identityID) {
            try await renew(identityID, userID: userID, at: provider, now: now)
        }
    }

    private var store: UpstreamTokenStore { UpstreamTokenStore(database, masterKeys: masterKeys) }

    private static func hasEnded(_ tokens: UpstreamTokens, now: Date) -> Bool {
        tokens.expiresAt.map { $0 < now + renewedBefore } ?? false
    }

    private func renew(_ identityID: UUID, userID: UUID, at provider: FederationProvider, now: Date) async throws -> UpstreamTokens? {
        // As they are by now: the renewal before this one may have just ended.
        guard let (id, tokens) = try await store.find(userID: userID, providerID: provider.id), id == identityID else { return nil }
        let exchange = FederationExchange(provider: provider, documents: documents, outbound: outbound, randomness: randomness)
        let renewed: UpstreamTokens?
        do throws(FederationFailure) {
            renewed = try await exchange.refresh(tokens, now: now)
        } catch  where error.notice == .providerRefused {
            // Another node has used the refresh token up, and keeps what it got for it …
            let current = try await store.find(userID: userID, providerID: provider.id)?.tokens
            if let current, current.accessToken != tokens.accessToken, !Self.hasEnded(current, now: now) { return current }
            // … or it was taken back there: it is of no use to anybody.
            try await store.erase(identityID, storedAt: tokens.storedAt)
            return nil
        } catch {
            throw OAuthError.temporarilyUnavailable("The provider can not be reached.", reason: error.reason)
        }
        if let renewed { try await store.put(renewed, for: identityID, randomness: randomness) }
        return renewed
    }
}
