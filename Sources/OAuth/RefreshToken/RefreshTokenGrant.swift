import Audit
import Keys
import OAuthProtocol
import Runtime

/// New tokens for a refresh token (RFC 6749 §6, RFC 9700 §4.14): idempotent within the grace window, revoking the family after it.
struct RefreshTokenGrant: TokenGrant {
    static let type = GrantType.refreshToken

    let rotations: RefreshRotations
    let settings: OAuthSettings
    let successors: RefreshSuccessor
    let audit: AuditStore
    let randomness: any Randomness
    let revocations: RevocationList
    let audiences: Audiences

    func approve(_ request: TokenRequest) async throws -> TokenApproval {
        let presented = try request.form.required("refresh_token")
        let requestedScopes = try request.form.optional("scope").map { text throws(OAuthError) in try ScopeSet(parsing: text) }
        let requestedAudiences = try request.form.all("resource")
        let salt = randomness.bytes(RefreshSuccessor.saltByteCount)
        let successor = try successors.derive(from: presented, salt: salt)
        let verdict = try await rotations.rotate(
            RefreshTokenStore.Rotation(
                presented: TokenHash(of: presented), clientID: request.client.id, constraint: request.presented,
                requestedScopes: requestedScopes?.array ?? [],
                requestedAudiences: requestedAudiences, salt: salt, keyID: successor.keyID, successor: TokenHash(of: successor.token),
                eventID: audit.eventID(now: request.now), address: request.address, now: request.now,
                graceFrom: request.now - settings.refreshGrace, successorExpiresAt: request.now + settings.refreshTokenLifetime))
        switch verdict {
        case .rotated(let grant):
            return try approval(grant, request, requestedScopes, requestedAudiences, refreshToken: successor.token)
        case .replayed(let grant, let salt, let keyID):
            guard let successor = try? successors.derive(from: presented, salt: salt, keyID: keyID) else {
                throw OAuthError.invalidGrant("the refresh token is not valid", reason: "the key of its successor is gone")
            }
            return try approval(grant, request, requestedScopes, requestedAudiences, refreshToken: successor.token)
        case .reused(let grantID):
            revocations.add(.grant(grantID), expiresAt: request.now + OAuthSettings.accessTokenLifetimeMax)
            throw OAuthError.invalidGrant("the refresh token is not valid", reason: "reused; the family is revoked")
        case .refused(let refusal):
            throw refusal.error
        }
    }

    /// OpenID Connect Core §12.2 lets a refresh answer without an ID token, and a new one says nothing new:
    /// it is signed only for a client that names `openid` in the refresh itself.
    private func approval(
        _ grant: RefreshedGrant, _ request: TokenRequest, _ requestedScopes: ScopeSet?, _ requestedAudiences: [String], refreshToken: String
    ) throws -> TokenApproval {
        let granted = requestedAudiences.isEmpty ? grant.audiences : requestedAudiences
        return TokenApproval(
            subject: grant.userID.token, scopes: try request.client.present(requestedScopes ?? grant.scopes),
            // The client may have been declared for less since.
            audiences: granted.filter { audiences.isAllowed($0, request.client) },
            roles: request.client.mayKnowRoles ? grant.roles : [],
            authorization: .init(
                grantID: grant.grantID, sessionID: grant.sessionID, authenticatedAt: grant.authenticatedAt, methods: grant.methods,
                isOffline: grant.isOffline),
            refreshToken: refreshToken,
            identity: requestedScopes?.contains("openid") == true ? .init(nonce: nil, claims: [:]) : nil)
    }
}
