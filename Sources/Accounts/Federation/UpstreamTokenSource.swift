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

    /// - Returns: a person's tokens at a provider, the access token renewed where it has expired; nil where none are kept, or the provider
    ///   gives no newer one.
    /// - Throws: `temporarily_unavailable` when the provider is needed and can't be reached; `PostgresError`, `MasterKeyError`.
    package func fresh(userID: UUID, providerID: String, now: Date) async throws -> UpstreamTokens? {
        guard let provider = try await directory.find(providerID), provider.keepsTokens else { return nil }
        let store = UpstreamTokenStore(database, masterKeys: masterKeys)
        guard let (identityID, tokens) = try await store.find(userID: userID, providerID: providerID) else { return nil }
        guard let expiresAt = tokens.expiresAt, expiresAt < now + Self.renewedBefore else { return tokens }
        let exchange = FederationExchange(provider: provider, documents: documents, outbound: outbound, randomness: randomness)
        let renewed: UpstreamTokens?
        do throws(FederationFailure) {
            renewed = try await exchange.refresh(tokens, now: now)
        } catch {
            // Taken back there: it is of no use to anybody.
            if error.notice == .providerRefused { return nil }
            throw OAuthError.temporarilyUnavailable("The provider can not be reached.", reason: error.reason)
        }
        if let renewed { try await store.put(renewed, for: identityID, randomness: randomness) }
        return renewed
    }
}
