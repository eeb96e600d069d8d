import Accounts
import Audit
import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres
import Runtime

/// Tokens for a code (RFC 6749 §4.1.3, RFC 7636 §4.6). A code works once; a second use revokes what the first gave.
struct AuthorizationCodeGrant: TokenGrant {
    static let type = GrantType.authorizationCode

    let database: any Queryable
    let settings: OAuthSettings
    let audit: AuditStore
    let randomness: any Randomness
    let revocations: RevocationList

    func approve(_ request: TokenRequest) async throws -> TokenApproval {
        let hash = TokenHash(of: try request.form.required("code"))
        guard let code = try await AuthorizationCodeStore(database).find(hash) else { throw Self.refusal("unknown") }
        try check(code, request)
        let audiences = try narrowed(code, request)
        let refreshToken: OpaqueToken? =
            request.client.metadata.grantTypes.contains(.refreshToken)
            ? OpaqueToken.generate(randomness: randomness, prefix: RefreshToken.prefix) : nil
        let verdict = try await AuthorizationCodeStore(database).redeem(
            hash, clientID: request.client.id, refreshToken: refreshToken?.hash,
            // RFC 8705 §4, RFC 9449 §5: those of confidential clients are bound by the client's authentication.
            constraint: request.client.isPublic ? request.constraint : nil, settings: settings,
            eventID: audit.eventID(now: request.now), address: request.address, now: request.now)
        if verdict == "reused" {
            revocations.add(.grant(code.grantID), expiresAt: request.now + OAuthSettings.accessTokenLifetimeMax)
        }
        guard verdict == "redeemed" else { throw Self.refusal(verdict) }
        if code.constraint != nil, !request.client.isPublic { try await AuthorizationCodeStore(database).unbind(code.grantID) }
        var approval = TokenApproval(
            subject: code.userID.token, scopes: try request.client.present(code.scopes), audiences: audiences,
            roles: request.client.mayKnowRoles ? code.roles : [],
            authorization: .init(
                grantID: code.grantID, sessionID: code.sessionID, authenticatedAt: code.authenticatedAt, methods: code.methods,
                isOffline: code.isOffline),
            refreshToken: refreshToken?.text)
        if code.scopes.contains("openid") {
            approval.identity = .init(nonce: code.nonce, claims: try await identityClaims(code))
        }
        return approval
    }

    private func check(_ code: AuthorizationCodeStore.Presented, _ request: TokenRequest) throws(OAuthError) {
        // RFC 6749 §4.1.3: "ensure that the authorization code was issued to the authenticated confidential client".
        guard code.clientID == request.client.id else { throw Self.refusal("issued to another client") }
        // "if the redirect_uri parameter was included in the initial authorization request … ensure that their values are identical".
        let redirectURI = try request.form.optional("redirect_uri")
        guard
            redirectURI == code.redirectURI || (code.redirectURI == nil && redirectURI == request.client.metadata.redirectURIs.first?.text)
        else { throw Self.refusal("redirect_uri is not the one of the request") }
        // RFC 9449 §10. A second use goes on to where it revokes what the first gave, whoever it is.
        guard code.constraint == nil || code.isRedeemed || code.constraint == request.presented else {
            throw Self.refusal("bound to another DPoP key")
        }
        let verifier = try request.form.optional("code_verifier")
        switch (code.codeChallenge, verifier) {
        case (let challenge?, let verifier?):
            guard try CodeChallenge(s256: challenge).matches(verifier: verifier) else { throw Self.refusal("code_verifier does not match") }
        case (nil, nil): break
        case (_?, nil): throw .invalidRequest("code_verifier is required")
        // RFC 9700 §4.8.2: a verifier without a challenge is a downgrade.
        case (nil, _?): throw Self.refusal("code_verifier without code_challenge")
        }
    }

    /// RFC 8707 §2.2: an access token may name fewer resources than were granted.
    private func narrowed(_ code: AuthorizationCodeStore.Presented, _ request: TokenRequest) throws(OAuthError) -> [String] {
        let requested = try request.form.all("resource")
        guard requested.allSatisfy(code.audiences.contains) else { throw .invalidTarget("resource exceeds what was granted") }
        return requested.isEmpty ? code.audiences : requested
    }

    /// Claims that the request wanted in the ID token (OpenID Connect Core §5.5); those of scopes are given at userinfo (§5.4).
    private func identityClaims(_ code: AuthorizationCodeStore.Presented) async throws -> [String: JSONValue] {
        guard let names = code.claims?.idToken.keys, !names.isEmpty, let user = try await UserStore(database).find(id: code.userID) else {
            return [:]
        }
        return names.reduce(into: [:]) { claims, name in
            if StandardClaims.all.contains(name) { claims[name] = user.claim(name) }
        }
    }

    private static func refusal(_ reason: String) -> OAuthError {
        .invalidGrant("the authorization code is not valid", reason: reason)
    }
}
