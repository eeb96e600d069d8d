import FoundationEssentials
import Keys
import OAuthProtocol
import Runtime

/// The checks of an authorization request, in order. Those of the target throw to an error page, the others to the client.
struct AuthorizationChecks: Sendable {
    let settings: OAuthSettings
    let clients: ClientDirectory
    let keys: KeyRing

    /// Proves the client and the redirect.
    func target(_ parameters: Parameters) async throws -> AuthorizationTarget {
        let clientID = try parameters.required("client_id")
        guard let client = try await clients.find(clientID) else { throw OAuthError.invalidRequest("client_id is not known") }
        let sent = try parameters.optional("redirect_uri")
        let redirectURI = try Self.redirectURI(sent, of: client, scope: (try? parameters.all("scope"))?.first ?? "")
        // A state or a mode that can't be read can't be answered in: the redirect is proven, the rest is not.
        let mode = try? parameters.optional("response_mode").map { text throws(OAuthError) in try ResponseMode(parsing: text) }
        return AuthorizationTarget(
            client: client, redirectURI: redirectURI, sentRedirectURI: sent, responseMode: (mode ?? nil) ?? .query,
            state: (try? parameters.optional("state")) ?? nil,
            isPopup: Display(parsing: ((try? parameters.optional("display")) ?? nil) ?? "") == .popup)
    }

    private static func redirectURI(_ sent: String?, of client: Client, scope: String) throws(OAuthError) -> RedirectURI {
        let registered = client.metadata.redirectURIs
        guard let sent else {
            // RFC 6749 §3.1.2.3; OpenID Connect Core §3.1.2.1 demands it always.
            guard registered.count == 1, !scope.split(separator: " ").contains("openid") else {
                throw .invalidRequest("redirect_uri is required")
            }
            return registered[0]
        }
        guard let match = registered.lazy.compactMap({ $0.resolve(sent) }).first else {
            throw .invalidRequest("redirect_uri is not registered for this client")
        }
        return match
    }

    /// Checks all else, once the target is proven.
    /// - Parameter now: for `id_token_hint`.
    func request(_ parameters: Parameters, target: AuthorizationTarget, now: Date) async throws -> AuthorizationRequest {
        let client = target.client
        _ = try parameters.optional("state")
        if let mode = try parameters.optional("response_mode") { _ = try ResponseMode(parsing: mode) }
        try refuseRequestObjects(parameters)
        let responseType = try parameters.required("response_type")
        guard responseType == "code" else { throw OAuthError(.unsupportedResponseType, "response_type is not supported") }
        guard client.metadata.grantTypes.contains(.authorizationCode) else {
            throw OAuthError.unauthorizedClient("this client may not ask for codes")
        }
        let prompt = try Prompt(parsing: try parameters.optional("prompt") ?? "")
        let scopes = try self.scopes(parameters, client: client)
        let claims = try self.claims(parameters, client: client)
        for tolerated in ["display", "ui_locales", "claims_locales", "acr_values"] { _ = try parameters.optional(tolerated) }
        try refuseUnreachableContext(claims)
        return AuthorizationRequest(
            target: target, scopes: scopes,
            audiences: try Audiences(settings).judge(
                requested: parameters.all("resource"), scopes: scopes, client: client),
            nonce: try parameters.optional("nonce"), prompt: prompt, maxAge: try maxAge(parameters, client: client),
            loginHint: try parameters.optional("login_hint", bytesMax: 512),
            domainHint: try parameters.optional("domain_hint", bytesMax: 253),
            requiredSubject: try await requiredSubject(parameters, claims: claims, client: client, now: now),
            codeChallenge: try codeChallenge(parameters, client: client), dpopKey: try dpopKey(parameters, client: client), claims: claims)
    }

    /// OpenID Connect Core §3.1.2.6: refused by name, never ignored.
    private func refuseRequestObjects(_ parameters: Parameters) throws(OAuthError) {
        guard !parameters.contains("request") else { throw OAuthError(.requestNotSupported, "request objects are not supported") }
        guard !parameters.contains("request_uri") else { throw OAuthError(.requestURINotSupported, "request_uri is not supported") }
        guard !parameters.contains("registration") else {
            throw OAuthError(.registrationNotSupported, "the registration parameter is not supported")
        }
    }

    /// A claim is asked for by name as a part of its scope: one whose scope the client may not have is left out, as an unknown one is
    /// (OpenID Connect Core §5.5).
    private func claims(_ parameters: Parameters, client: Client) throws(OAuthError) -> ClaimsRequest? {
        guard let text = try parameters.optional("claims") else { return nil }
        let asked = try ClaimsRequest(parsing: text)
        func isAllowed(_ name: String) -> Bool { StandardClaims.scope(releasing: name).map(client.scopes.contains) ?? true }
        return ClaimsRequest(
            userInfo: asked.userInfo.filter { isAllowed($0.key) }, idToken: asked.idToken.filter { isAllowed($0.key) })
    }

    private func scopes(_ parameters: Parameters, client: Client) throws(OAuthError) -> ScopeSet {
        guard let text = try parameters.optional("scope") else {
            // RFC 6749 §3.3: a documented default.
            let scopes = client.scopes.subtracting(["openid", "offline_access"]).filter { !Audiences.machineScopes.contains($0) }
            guard !scopes.isEmpty else { throw .invalidScope("scope is required") }
            return scopes
        }
        let asked = try ScopeSet(parsing: text)
        guard !asked.isEmpty else { throw .invalidScope("scope is required") }
        // OpenID Connect Core §3.1.2.1: "Scope values used that are not understood by an implementation SHOULD be ignored."
        let audiences = Audiences(settings)
        let known = asked.filter { audiences.isKnown(scope: $0) || client.scopes.contains($0) }
        guard !known.isEmpty else { throw .invalidScope("scope is not known") }
        guard known.isSubset(of: client.scopes) else { throw .invalidScope("scope exceeds what this client may ask for") }
        guard known.intersection(["introspect", "keys:admin"]).isEmpty else {
            throw .invalidScope("scope is for clients that act for themselves")
        }
        // §11: offline access only where a refresh token can be given.
        return client.metadata.grantTypes.contains(.refreshToken) ? known : known.subtracting(["offline_access"])
    }

    /// RFC 7636 §4.3, RFC 9700 §2.1.1: S256, and required unless a confidential client is declared otherwise.
    private func codeChallenge(_ parameters: Parameters, client: Client) throws(OAuthError) -> String? {
        let method = try parameters.optional("code_challenge_method")
        guard let challenge = try parameters.optional("code_challenge") else {
            guard method == nil else { throw .invalidRequest("code_challenge is required with code_challenge_method") }
            guard !client.isPKCERequired && !client.isPublic else { throw .invalidRequest("code_challenge is required") }
            return nil
        }
        guard method == "S256" else { throw .invalidRequest("code_challenge_method must be S256") }
        _ = try CodeChallenge(s256: challenge)
        return challenge
    }

    /// RFC 9449 §10.
    private func dpopKey(_ parameters: Parameters, client: Client) throws(OAuthError) -> JWKThumbprint? {
        guard let text = try parameters.optional("dpop_jkt") else { return nil }
        guard let key = JWKThumbprint(parsing: text) else { throw .invalidRequest("dpop_jkt is no SHA-256 of a public key") }
        guard !client.metadata.isCertificateBound else {
            throw .invalidRequest("dpop_jkt is not for this client: its tokens are bound to a certificate")
        }
        return key
    }

    private func maxAge(_ parameters: Parameters, client: Client) throws(OAuthError) -> Duration? {
        guard let text = try parameters.optional("max_age", bytesMax: 16) else {
            return client.metadata.defaultMaxAge?.duration
        }
        return try MaxAge(parsing: text).duration
    }

    /// §5.5.1.1: an essential `acr` that can't be reached is a failed sign-in.
    private func refuseUnreachableContext(_ claims: ClaimsRequest?) throws(OAuthError) {
        guard let wanted = AuthenticationContext.wanted(by: claims) else { return }
        guard wanted.contains(where: { AuthenticationContext(rawValue: $0) != nil }) else {
            throw OAuthError(.unmetAuthenticationRequirements, "the requested acr can not be reached")
        }
    }

    private func requiredSubject(_ parameters: Parameters, claims: ClaimsRequest?, client: Client, now: Date) async throws -> String? {
        let value = claims?.idToken["sub"]?.value
        let named = value?.string
        guard value == nil || named != nil else { throw OAuthError.invalidRequest("claims asks for a sub that is not a text") }
        guard let hint = try parameters.optional("id_token_hint", bytesMax: 16_384) else { return named }
        let hinted = try await IDTokenHint(issuer: settings.issuer, keys: keys).read(hint, now: now)
        guard named == nil || named == hinted.subject else { throw OAuthError.invalidRequest("claims and id_token_hint name two persons") }
        return hinted.subject
    }
}
