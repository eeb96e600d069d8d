import FoundationEssentials
import Hummingbird
import Keys
import OAuthProtocol
import Postgres
import Runtime
import Web

/// `POST /oauth2/introspect` (RFC 7662).
///
/// Answers confidential callers. A token is shown to a caller that it is meant for (in its audience), that it was issued to,
/// or that holds the `introspect` scope; to everybody else it is as inactive as a token that does not exist.
package struct IntrospectionEndpoint: Sendable {
    let settings: OAuthSettings
    let authentication: ClientAuthentication
    let verification: AccessTokenVerification
    let database: any Queryable
    let clock: any WallClock

    package func respond(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let form = try await Form.read(request, context)
        try form.refuseRepeated()
        let caller = try await authentication.authenticate(request.headers, form)
        // §2.1: the endpoint "MUST also require some form of authorization".
        guard !caller.isPublic else {
            throw OAuthError.invalidClient("a public client may not introspect", challenge: ClientAuthentication.challenge)
        }
        let token = try form.required("token", bytesMax: 16_384)
        _ = try form.optional("token_type_hint")
        let now = clock.now
        if token.hasPrefix(RefreshToken.prefix) {
            return try await describeRefreshToken(token, to: caller, now: now)
        }
        guard let accessToken = try await verified(token, now: now), maySee(accessToken, caller) else { return Self.inactive }
        return describe(accessToken)
    }

    private func verified(_ token: String, now: Date) async throws -> AccessToken? {
        do { return try await verification.verify(token, now: now) } catch let error as OAuthError where error.code == .invalidToken {
            return nil
        }
    }

    private func maySee(_ token: AccessToken, _ caller: Client) -> Bool {
        // Not `caller.audiences`: who may ask for tokens for a service is not that service.
        token.clientID == caller.id || caller.scopes.contains("introspect")
            || token.audiences.contains { audience in
                audience == caller.id || settings.resources.contains { $0.identifier == audience && $0.clients.contains(caller.id) }
            }
    }

    private func describe(_ token: AccessToken) -> Response {
        var json = JSONWriter()
        json.object { json in
            json.field("active", true)
            json.field("iss", settings.issuer)
            json.field("sub", token.subject)
            json.field("aud", token.audiences)
            json.field("client_id", token.clientID)
            json.field("exp", token.expiresAt.numericDate)
            json.field("iat", token.issuedAt.numericDate)
            json.field("jti", token.id)
            json.field("token_type", "Bearer")
            if !token.scopes.isEmpty { json.field("scope", token.scopes.description) }
            if !token.roles.isEmpty { json.field("roles", token.roles) }
            if let sessionID = token.sessionID { json.field("sid", sessionID.token) }
            if let authenticatedAt = token.authenticatedAt { json.field("auth_time", authenticatedAt) }
        }
        return Reply.json(json.bytes)
    }

    /// A refresh token is between its client and us: it is shown to that client only.
    private func describeRefreshToken(_ token: String, to caller: Client, now: Date) async throws -> Response {
        guard let grant = try await GrantStore(database).find(liveRefreshToken: TokenHash(of: token), now: now), grant.clientID == caller.id
        else { return Self.inactive }
        var json = JSONWriter()
        json.object { json in
            json.field("active", true)
            json.field("iss", settings.issuer)
            json.field("sub", grant.userID.token)
            json.field("client_id", grant.clientID)
            json.field("exp", grant.tokenExpiresAt.numericDate)
            json.field("scope", grant.scopes.description)
        }
        return Reply.json(json.bytes)
    }

    private static let inactive = Reply.json(Array(#"{"active":false}"#.utf8))
}
