import FoundationEssentials
import OAuthProtocol
import Outbound
import Runtime

/// From a code to a person: the calls to the provider that a sign-in makes.
struct FederationExchange: Sendable {
    let provider: FederationProvider
    let documents: FederationDocuments
    let outbound: Outbound
    let randomness: any Randomness

    static let tokensBytesMax = 65_536

    /// - Parameters:
    ///   - form: what the provider sent beside the code (Apple's `user`).
    /// - Throws: ``FederationFailure``.
    func redeem(
        _ code: String, flow: FederationFlow, form: JSONValue?, redirectURI: String, clock: any WallClock
    ) async throws(FederationFailure) -> (profile: FederationProfile, tokens: UpstreamTokens) {
        let endpoints = try await documents.endpoints(provider, now: clock.now)
        var fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectURI)]
        if provider.usesPKCE { fields.append(("code_verifier", flow.codeVerifier)) }
        let tokens = try await tokens(fields, endpoints: endpoints, now: clock.now)
        switch provider.kind {
        case .openIDConnect:
            // Read again: the provider has taken its time, and dates what it issues by the end of it.
            return (try await identify(tokens, flow: flow, form: form, endpoints: endpoints, now: clock.now), tokens)
        case .oauth:
            guard let address = endpoints.userInfo else { throw .unavailable("userinfo: no address") }
            let said = try await userInfo(address, accessToken: tokens.accessToken)
            var email: FederationAddress?
            if let emails = provider.emailsEndpoint { email = try await primaryAddress(emails, accessToken: tokens.accessToken) }
            let profile = try FederationProfile(
                said, address: email, form: form, issuer: provider.issuer ?? endpoints.token, provider: provider)
            return (profile, tokens)
        }
    }

    /// A newer access token (RFC 6749 §6).
    /// - Throws: ``FederationFailure``.
    func refresh(_ tokens: UpstreamTokens, now: Date) async throws(FederationFailure) -> UpstreamTokens? {
        guard let refreshToken = tokens.refreshToken else { return nil }
        let endpoints = try await documents.endpoints(provider, now: now)
        var fresh = try await self.tokens(
            [("grant_type", "refresh_token"), ("refresh_token", refreshToken)], endpoints: endpoints, now: now)
        fresh.refreshToken = fresh.refreshToken ?? refreshToken
        fresh.idToken = fresh.idToken ?? tokens.idToken
        fresh.scope = fresh.scope ?? tokens.scope
        return fresh
    }

    private func identify(
        _ tokens: UpstreamTokens, flow: FederationFlow, form: JSONValue?, endpoints: FederationEndpoints, now: Date
    ) async throws(FederationFailure) -> FederationProfile {
        guard let idToken = tokens.idToken else { throw .untrusted("no ID token") }
        let check = FederationIDToken(provider: provider, documents: documents)
        let claims = try await check.check(
            idToken, nonce: provider.usesNonce ? flow.nonce : nil, accessToken: tokens.accessToken,
            authenticatedAfter: flow.asksForProof ? flow.createdAt : nil, requiresTime: flow.requiresProof, now: now)
        var said = claims
        var email = FederationAddress(claims, mapping: provider.mapping)
        if provider.usesUserInfo, let address = endpoints.userInfo {
            let more = try await userInfo(address, accessToken: tokens.accessToken)
            // Core §5.3.2: or it might be about somebody else.
            guard let subject = claims["sub"], more["sub"] == subject else { throw .untrusted("userinfo: another subject") }
            said = .object((more.object ?? [:]).merging(claims.object ?? [:]) { _, signed in signed })
            if email.email == nil { email = FederationAddress(more, mapping: provider.mapping) }
        }
        return try FederationProfile(
            said, token: claims, address: email, form: form, issuer: check.issuer(of: claims), provider: provider)
    }

    private func tokens(
        _ fields: [(String, String)], endpoints: FederationEndpoints, now: Date
    ) async throws(FederationFailure) -> UpstreamTokens {
        let proof = try FederationClientSecret(provider: provider, randomness: randomness).proof(
            issuer: endpoints.issuer, tokenEndpoint: endpoints.token, now: now)
        let (status, json) = try await call(
            OutboundRequest(
                .post, endpoints.token,
                headers: [("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded")] + proof.headers,
                body: Array(Parameters.encode(fields + proof.fields).utf8), bytesMax: Self.tokensBytesMax), what: "token endpoint")
        // GitHub says its errors with 200.
        if let error = json["error"] {
            let name = error.string ?? error["type"]?.string ?? ""
            if ["invalid_grant", "access_denied", "bad_verification_code"].contains(name) { throw .refused("token endpoint: \(name)") }
            throw .unavailable(
                "token endpoint: \(["invalid_client", "unauthorized_client", "incorrect_client_credentials"].first { $0 == name } ?? "error")"
            )
        }
        guard status == 200, let accessToken = json["access_token"]?.string, !accessToken.isEmpty else {
            throw .unavailable("token endpoint: no token")
        }
        let lifetime = json["expires_in"]?.int ?? json["expires_in"]?.string.flatMap { Int($0) }
        return UpstreamTokens(
            accessToken: accessToken, tokenType: json["token_type"]?.string ?? "Bearer", refreshToken: json["refresh_token"]?.string,
            idToken: json["id_token"]?.string, scope: json["scope"]?.string,
            expiresAt: lifetime.flatMap { (0...31_536_000).contains($0) ? now + .seconds($0) : nil }, storedAt: now)
    }

    private func userInfo(_ address: String, accessToken: String) async throws(FederationFailure) -> JSONValue {
        let (status, json) = try await call(
            OutboundRequest(.get, address, headers: [("Accept", "application/json"), ("Authorization", "Bearer \(accessToken)")]),
            what: "userinfo")
        guard status == 200, json.object != nil else { throw .unavailable("userinfo: no object") }
        return json
    }

    /// The primary address, if it is verified, in place of whatever the profile shows (https://docs.github.com/en/rest/users/emails).
    private func primaryAddress(_ address: String, accessToken: String) async throws(FederationFailure) -> FederationAddress {
        let (status, json) = try await call(
            OutboundRequest(.get, address, headers: [("Accept", "application/json"), ("Authorization", "Bearer \(accessToken)")]),
            what: "e-mail endpoint")
        guard status == 200, let list = json.array else { throw .unavailable("e-mail endpoint: no list") }
        let primary = list.first { $0["primary"]?.bool == true && $0["verified"]?.bool == true }
        return FederationAddress(email: primary?["email"]?.string, isVerified: primary == nil ? nil : true)
    }

    private func call(_ request: OutboundRequest, what: String) async throws(FederationFailure) -> (status: Int, json: JSONValue) {
        let answer: OutboundAnswer
        do {
            answer = try await outbound.send(request)
        } catch {
            throw FederationFailure(error, calling: what)
        }
        guard answer.status < 500 else { throw .unavailable("\(what): status \(answer.status)") }
        guard let json = try? JSONValue(parsing: answer.body, bytesMax: request.bytesMax) else { throw .unavailable("\(what): not JSON") }
        return (answer.status, json)
    }
}
