import FoundationEssentials
import OAuthProtocol
import Runtime

/// The code flow with PKCE, as a relying party goes through it (OpenID Connect Core §3.1, RFC 9700 §2.1).
struct DemoSignIn: Sendable {
    let settings: DemoSettings
    let provider: DemoProvider

    private static let waitMax = Duration.hours(1)

    /// What to remember for the way back.
    func begin(_ randomness: some Randomness, now: Date) -> DemoSession.Pending {
        DemoSession.Pending(
            state: Base64URL.encode(randomness.bytes(32)), nonce: Base64URL.encode(randomness.bytes(32)),
            codeVerifier: Base64URL.encode(randomness.bytes(32)), startedAt: now)
    }

    /// Where to send the browser.
    func authorizationURI(_ pending: DemoSession.Pending, now: Date) async throws -> String {
        let endpoint = try await provider.discovery(now: now).authorizationEndpoint
        let query = Parameters.encode([
            ("response_type", "code"), ("client_id", settings.clientID), ("redirect_uri", settings.redirectURI),
            ("scope", settings.scope), ("state", pending.state), ("nonce", pending.nonce),
            ("code_challenge", try CodeChallenge(verifier: pending.codeVerifier).text), ("code_challenge_method", "S256"),
        ])
        return endpoint + (endpoint.contains("?") ? "&" : "?") + query
    }

    /// Judges the answer and exchanges its code.
    /// - Parameter pending: What was remembered under the answer's state; nil when nothing was.
    func finish(_ answer: Parameters, pending: DemoSession.Pending?, now: Date) async throws -> DemoSession.Person {
        guard let pending, now < pending.startedAt + Self.waitMax else {
            throw DemoFailure(
                title: "This sign-in was not started here",
                message: "The answer doesn’t belong to a sign-in of this browser, or it came too late. Please start again.")
        }
        // RFC 9207 §2.4: an answer of another server must not get our code exchanged here.
        let issuer = try answer.optional("iss")
        if issuer != nil ? issuer != settings.issuer : try await provider.discovery(now: now).answersCarryIssuer {
            throw DemoFailure(title: "The answer came from somewhere else", message: "It doesn’t name \(settings.issuer) as its issuer.")
        }
        if let code = try answer.optional("error") {
            throw Self.refusal(code, try answer.optional("error_description"))
        }
        let tokens = try await provider.tokens(
            [
                ("grant_type", "authorization_code"), ("code", try answer.required("code")),
                ("redirect_uri", settings.redirectURI), ("code_verifier", pending.codeVerifier),
            ], now: now)
        guard let idToken = tokens["id_token"]?.string, let accessToken = Self.accessToken(tokens) else {
            throw DemoFailure.provider("It gave no ID token or no access token.")
        }
        let claims = try await provider.verify(idToken: idToken, nonce: pending.nonce, accessToken: accessToken, now: now)
        var person = DemoSession.Person(idToken: idToken, idClaims: claims, accessToken: accessToken)
        Self.take(tokens, into: &person, now: now)
        person.userInfo = try await userInfo(person, now: now)
        return person
    }

    /// Trades the refresh token for new tokens.
    func refresh(_ old: DemoSession.Person, now: Date) async throws -> DemoSession.Person {
        guard let refreshToken = old.refreshToken else {
            throw DemoFailure(title: "There is no refresh token", message: "The server gave none. Ask for the scope offline_access.")
        }
        let tokens = try await provider.tokens([("grant_type", "refresh_token"), ("refresh_token", refreshToken)], now: now)
        guard let accessToken = Self.accessToken(tokens) else { throw DemoFailure.provider("It gave no access token.") }
        var person = old
        if let idToken = tokens["id_token"]?.string {
            let claims = try await provider.verify(idToken: idToken, nonce: nil, accessToken: accessToken, now: now)
            // Core §12.2: a refresh must not change who is signed in.
            guard claims["sub"] == old.idClaims["sub"] else { throw DemoFailure.provider("Its new ID token is about somebody else.") }
            person.idToken = idToken
            person.idClaims = claims
        }
        person.accessToken = accessToken
        Self.take(tokens, into: &person, now: now)
        return person
    }

    func userInfo(_ person: DemoSession.Person, now: Date) async throws -> JSONValue {
        let info = try await provider.userInfo(accessToken: person.accessToken, now: now)
        // Core §5.3.2: otherwise the answer must not be used.
        guard info["sub"] != nil, info["sub"] == person.idClaims["sub"] else {
            throw DemoFailure.provider("Its userinfo is about somebody else.")
        }
        return info
    }

    /// Where to send the browser to sign out at the server too (RP-Initiated Logout §2); nil when it offers no such place.
    func endSessionURI(_ person: DemoSession.Person, now: Date) async throws -> String? {
        guard let endpoint = try await provider.discovery(now: now).endSessionEndpoint else { return nil }
        return endpoint + "?"
            + Parameters.encode([
                ("id_token_hint", person.idToken), ("client_id", settings.clientID),
                ("post_logout_redirect_uri", settings.postLogoutRedirectURI),
            ])
    }

    private static func accessToken(_ tokens: JSONValue) -> String? {
        guard tokens["token_type"]?.string?.lowercased() == "bearer" else { return nil }
        return tokens["access_token"]?.string
    }

    private static func take(_ tokens: JSONValue, into person: inout DemoSession.Person, now: Date) {
        if let refreshToken = tokens["refresh_token"]?.string { person.refreshToken = refreshToken }
        if let scope = tokens["scope"]?.string { person.scope = scope }
        person.expiresAt = tokens["expires_in"]?.int.map { now + .seconds($0) }
    }

    private static func refusal(_ code: String, _ description: String?) -> DemoFailure {
        if code == "access_denied" {
            return DemoFailure(
                title: "You said no", message: "Access was denied, so nobody is signed in. You can change your mind.", code: code)
        }
        return DemoFailure(title: "Signing in did not work", message: description ?? "The identity server refused.", code: code)
    }
}
