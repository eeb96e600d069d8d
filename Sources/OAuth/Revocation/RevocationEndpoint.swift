import Audit
import FoundationEssentials
import Hummingbird
import Keys
import OAuthProtocol
import Postgres
import Runtime
import Web

/// `POST /oauth2/revoke` (RFC 7009). Serves the client that a token was issued to, and nobody else.
package struct RevocationEndpoint: Sendable {
    let authentication: ClientAuthentication
    let verification: AccessTokenVerification
    let revocations: RevocationList
    let database: Database
    let audit: AuditStore
    let clock: any WallClock

    package func respond(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let form = try await Form.read(request, context)
        try form.refuseRepeated()
        let now = clock.now
        let client = try await authentication.authenticate(
            request.headers, form, certificates: context.peerCertificates, from: context.limitKey, now: now)
        context.notes.note(client.requestCaller)
        let token = try form.required("token", bytesMax: 16_384)
        // RFC 7009 §2.1: the hint is an optimisation; an unknown one is ignored.
        _ = try form.optional("token_type_hint")
        if token.hasPrefix(RefreshToken.prefix) {
            try await revokeRefreshToken(token, of: client, address: context.clientAddress, now: now)
        } else {
            try await revokeAccessToken(token, of: client, address: context.clientAddress, now: now)
        }
        // §2.2: also for a token that is unknown, expired or revoked already.
        return Reply.json([])
    }

    private func revokeRefreshToken(_ token: String, of client: Client, address: String, now: Date) async throws {
        let accessUntil = now + OAuthSettings.accessTokenLifetimeMax
        let grantID = try await database.transaction { transaction -> UUID? in
            guard let grant = try await GrantStore(transaction).find(refreshToken: TokenHash(of: token)), grant.clientID == client.id else {
                return nil
            }
            guard try await RevocationStore(transaction).revokeGrant(grant.id, reason: "client", now: now, accessUntil: accessUntil) else {
                return grant.id
            }
            try await audit.insert(
                AuditEvent(.grantRevoked, userID: grant.userID, clientID: client.id, grantID: grant.id, address: address), now: now,
                in: transaction)
            return grant.id
        }
        if let grantID { revocations.add(.grant(grantID), expiresAt: accessUntil) }
    }

    private func revokeAccessToken(_ token: String, of client: Client, address: String, now: Date) async throws {
        guard let accessToken = try? await verification.verify(token, now: now), accessToken.clientID == client.id else { return }
        try await database.transaction { transaction in
            try await RevocationStore(transaction).insert(.token(accessToken.id), expiresAt: accessToken.expiresAt)
            try await audit.insert(
                AuditEvent(
                    .tokenRevoked, userID: accessToken.userID, clientID: client.id, sessionID: accessToken.sessionID,
                    grantID: accessToken.grantID, address: address, detail: ["jti": accessToken.id]),
                now: now, in: transaction)
        }
        revocations.add(.token(accessToken.id), expiresAt: accessToken.expiresAt)
    }
}
