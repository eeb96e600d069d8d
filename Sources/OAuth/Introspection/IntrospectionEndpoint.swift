import Credentials
import FoundationEssentials
import Guard
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
    /// Callers that prove themselves otherwise than as clients (`Gateway/Caller`); nil where the request names none.
    let findCaller: IntrospectionCaller.Finder
    let verification: AccessTokenVerification
    let apiKeys: APIKeyDirectory
    let database: any Queryable
    let limiter: RateLimiter
    let clock: any WallClock

    package func respond(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        var request = request
        // Before the form: a signature covers the body as it was sent. One that names no key of ours proves nothing, and hides nothing.
        var caller = try await findCaller(&request, context, false)
        let form = try await Form.read(request, context)
        try form.refuseRepeated()
        let now = clock.now
        // A client that names itself in the form proves itself by the form, or by its certificate (RFC 8705 §2).
        if caller == nil, request.headers[.authorization] == nil, !form.contains("client_id") {
            caller = try await findCaller(&request, context, true)
        }
        let asker = if let caller { caller } else { try await requireClient(request, form, context, now: now) }
        try limiter.require(asker.subject, clientID: asker.clientID, noting: context.rateLimits, now: now)
        let token = try form.required("token", bytesMax: 16_384)
        _ = try form.optional("token_type_hint")
        if token.hasPrefix(RefreshToken.prefix) {
            return try await describeRefreshToken(token, to: asker, now: now)
        }
        if APIKeyText.isClaimed(by: token) { return try await describeKey(token, to: asker, now: now) }
        guard let accessToken = try await verified(token, now: now), maySee(accessToken, asker) else { return Self.inactive }
        return describe(accessToken)
    }

    /// §2.1: the endpoint "MUST also require some form of authorization".
    private func requireClient(
        _ request: Request, _ form: OAuthProtocol.Parameters, _ context: GatehouseContext, now: Date
    ) async throws -> IntrospectionCaller {
        let client = try await authentication.authenticate(
            request.headers, form, certificates: context.peerCertificates, from: context.limitKey, now: now)
        context.notes.note(client.requestCaller)
        guard !client.isPublic else {
            throw OAuthError.invalidClient("a public client may not introspect", challenge: ClientAuthentication.challenge)
        }
        return IntrospectionCaller(
            subject: client.id, clientID: client.id, scopes: client.scopes, audiences: Audiences(settings).spokenFor(by: client.id))
    }

    private func verified(_ token: String, now: Date) async throws -> AccessToken? {
        do { return try await verification.verify(token, now: now) } catch let error as OAuthError where error.code == .invalidToken {
            return nil
        }
    }

    private func maySee(_ token: AccessToken, _ caller: IntrospectionCaller) -> Bool {
        token.clientID == caller.clientID || caller.maySee(token.audiences)
    }

    private func describeKey(_ text: String, to caller: IntrospectionCaller, now: Date) async throws -> Response {
        // The address that the key was sent from is not ours to see, so one bound to addresses is for `/v1/keys/verify`.
        let key: APIKey
        do {
            key = try await apiKeys.require(text, from: nil, now: now)
        } catch is APIKeyRefusal {
            return Self.inactive
        }
        guard caller.maySee(key.audiences) || key.owner == caller.clientID.map(APIKey.Owner.client) else { return Self.inactive }
        var json = JSONWriter()
        json.object { json in
            json.field("active", true)
            json.field("iss", settings.issuer)
            json.field("sub", key.subject)
            if case .client(let id) = key.owner { json.field("client_id", id) }
            json.field("aud", key.audiences)
            json.field("iat", key.createdAt.numericDate)
            if let expiresAt = key.expiresAt { json.field("exp", expiresAt.numericDate) }
            json.field("jti", key.id)
            json.field("token_type", "api_key")
            if !key.scopes.isEmpty { json.field("scope", key.scopes.description) }
            if !key.ownerRoles.isEmpty { json.field("roles", key.ownerRoles) }
        }
        return Reply.json(json.bytes)
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
            json.field("token_type", SenderConstraint.tokenType(token.constraint))
            if !token.scopes.isEmpty { json.field("scope", token.scopes.description) }
            if !token.roles.isEmpty { json.field("roles", token.roles) }
            if let constraint = token.constraint { json.field("cnf", constraint.confirmation) }
            if let sessionID = token.sessionID { json.field("sid", sessionID.token) }
            if let authenticatedAt = token.authenticatedAt { json.field("auth_time", authenticatedAt) }
        }
        return Reply.json(json.bytes)
    }

    /// A refresh token is between its client and us: it is shown to that client only.
    private func describeRefreshToken(_ token: String, to caller: IntrospectionCaller, now: Date) async throws -> Response {
        guard let grant = try await GrantStore(database).find(liveRefreshToken: TokenHash(of: token), now: now),
            grant.clientID == caller.clientID
        else { return Self.inactive }
        var json = JSONWriter()
        json.object { json in
            json.field("active", true)
            json.field("iss", settings.issuer)
            json.field("sub", grant.userID.token)
            json.field("client_id", grant.clientID)
            json.field("exp", grant.tokenExpiresAt.numericDate)
            json.field("scope", grant.scopes.description)
            if let constraint = grant.constraint { json.field("cnf", constraint.confirmation) }
        }
        return Reply.json(json.bytes)
    }

    private static let inactive = Reply.json(Array(#"{"active":false}"#.utf8))
}
