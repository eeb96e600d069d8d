import Audit
import FoundationEssentials
import OAuthProtocol
import Postgres
import Runtime

/// Redeems a code for a client that is a part of this server: by the same rules as the token endpoint, without tokens.
package struct AuthorizationCodeRedemption: Sendable {
    /// What the code stood for.
    package struct Redeemed: Sendable {
        package let userID: UUID
        package let sessionID: UUID
        package let grantID: UUID
        package let scopes: ScopeSet
        /// The `nonce` of the authorization request.
        package let nonce: String?
    }

    private let grant: AuthorizationCodeGrant

    package init(
        database: any Queryable, settings: OAuthSettings, audit: AuditStore, randomness: any Randomness, revocations: RevocationList
    ) {
        grant = AuthorizationCodeGrant(
            database: database, settings: settings, audit: audit, randomness: randomness, revocations: revocations)
    }

    /// - Parameter client: the caller answers for it: there is no secret to prove.
    /// - Throws: `invalid_grant`, also for a code used twice, which revokes what it gave; `PostgresError`.
    package func redeem(
        _ code: String, for client: Client, redirectURI: String, codeVerifier: String, address: String, now: Date
    ) async throws -> Redeemed {
        let form = try Parameters([("code", code), ("redirect_uri", redirectURI), ("code_verifier", codeVerifier)])
        let approval = try await grant.approve(
            TokenRequest(form: form, client: client, presented: nil, constraint: nil, address: address, now: now))
        guard let authorization = approval.authorization, let userID = UUID(uuidString: approval.subject) else {
            throw OAuthError.serverError(reason: "a code without a person")
        }
        return Redeemed(
            userID: userID, sessionID: authorization.sessionID, grantID: authorization.grantID, scopes: approval.scopes,
            nonce: approval.identity?.nonce)
    }
}
