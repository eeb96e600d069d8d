import Audit
import FoundationEssentials
import Guard
import HTTPTypes
import Hummingbird
import Keys
import OAuthProtocol
import Postgres
import Runtime
import Web

/// `GET`, `PUT` and `DELETE /oauth2/register/{client_id}` (RFC 7592): a client reads, changes or removes its own registration.
package struct RegistrationManagementEndpoint: Sendable {
    let settings: OAuthSettings
    let database: Database
    let directory: ClientDirectory
    let audit: AuditStore
    let limiter: RateLimiter
    let clock: any WallClock

    package func show(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let (client, token) = try await require(request, context)
        return RegistrationReply.make(client, issuer: settings.issuer, secret: nil, management: token, status: .ok)
    }

    /// §2.2: replaces the metadata; id and credentials stay.
    package func update(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        var (client, token) = try await require(request, context)
        let body = try await RegistrationReply.read(request)
        guard body["client_id"]?.string == client.id else { throw OAuthError.invalidRequest("client_id must be the one registered") }
        // "The client MUST NOT include registration_access_token, registration_client_uri, client_secret_expires_at, or client_id_issued_at".
        for name in ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"] {
            guard body[name] == nil else { throw OAuthError.invalidRequest("\(name) must not be sent") }
        }
        if let sent = body["client_secret"], !sent.isNull {
            guard let secret = sent.string, client.secretHash == TokenHash(of: secret) else {
                throw OAuthError.invalidRequest("client_secret can not be changed")
            }
        }
        let metadata = try RegistrationReply.metadata(body)
        guard metadata.isPublic == client.isPublic else {
            throw OAuthError.invalidClientMetadata("token_endpoint_auth_method can not change between public and confidential")
        }
        // There would be no secret, or one that nobody asks for.
        guard metadata.tokenEndpointAuthMethod.usesSecret == client.metadata.tokenEndpointAuthMethod.usesSecret else {
            throw OAuthError.invalidClientMetadata("token_endpoint_auth_method can not change between a secret and a certificate")
        }
        client.metadata = metadata
        client.scopes = try RegistrationScopes(settings: settings).judge(metadata)
        client.updatedAt = now
        let changed = client
        try await database.transaction { transaction in
            try await ClientStore(transaction).update(changed, now: now)
            try await ClientStore(transaction).announceChange()
            try await audit.insert(
                AuditEvent(.clientChanged, clientID: changed.id, address: context.clientAddress), now: now, in: transaction)
        }
        directory.flush()
        return RegistrationReply.make(changed, issuer: settings.issuer, secret: nil, management: token, status: .ok)
    }

    /// §2.3
    package func erase(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let client = try await require(request, context).client
        try await database.transaction { transaction in
            try await ClientStore(transaction).erase(client.id, now: now, accessUntil: now + OAuthSettings.accessTokenLifetimeMax)
            try await ClientStore(transaction).announceChange()
            try await audit.insert(
                AuditEvent(.clientErased, clientID: client.id, address: context.clientAddress), now: now, in: transaction)
        }
        directory.flush()
        return Response(status: .noContent, headers: [.cacheControl: "no-store"])
    }

    /// - Throws: `invalid_token` for an unknown client as for a wrong token: the answer tells nobody which ids exist.
    private func require(_ request: Request, _ context: GatehouseContext) async throws -> (client: Client, token: String) {
        if case .off = settings.registration { throw OAuthError.notFound() }
        try limiter.require(context.limitKey, noting: context.rateLimits, now: clock.now)
        guard let header = request.headers[.authorization], let bearer = try BearerToken(authorization: header) else {
            throw OAuthError.missingToken()
        }
        let token = bearer.text
        guard let id = context.parameters.get("client_id"), id.utf8.count <= 256,
            let client = try await ClientStore(database).find(id: id), client.origin == .registered, client.disabledAt == nil,
            let hash = client.registrationTokenHash, hash == TokenHash(of: token)
        else { throw OAuthError.invalidToken(reason: "registration access token") }
        return (client, token)
    }
}
