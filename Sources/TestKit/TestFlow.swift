import Crypto
import FoundationEssentials
import HummingbirdTesting
import OAuthProtocol

/// A client's side of the authorization code flow with PKCE.
package struct TestFlow: Sendable {
    package static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    package let server: TestServer
    package let browser: TestBrowser
    package var clientID = "app"
    package var secret: String? = "app-secret"
    package var redirectURI = "https://app.example/callback"
    package var username = "ada"
    package var password = "analytical-engine"
    /// What the client proves to hold the key of at the token endpoint.
    package var certificates: [[UInt8]] = []
    /// Whose proofs it sends to the token endpoint; nil: none.
    package var prover: TestProver?

    package init(_ server: TestServer, browser: TestBrowser? = nil) {
        self.server = server
        self.browser = browser ?? TestBrowser(server)
    }

    /// The address of an authorization request. `changes` replaces parameters; nil leaves one out.
    package func authorizeURI(scope: String = "openid", _ changes: [String: String?] = [:]) -> String {
        var parameters: [String: String?] = [
            "response_type": "code", "client_id": clientID, "redirect_uri": redirectURI, "scope": scope, "state": "a state",
            "nonce": "n-0S6",
            "code_challenge": Base64URL.encode(SHA256.hash(data: Array(Self.verifier.utf8))), "code_challenge_method": "S256",
        ]
        for (name, value) in changes { parameters[name] = .some(value) }
        let pairs = parameters.compactMap { name, value in value.map { (name, $0) } }.sorted { $0.0 < $1.0 }
        return "/oauth2/authorize?" + Parameters.encode(pairs)
    }

    /// Signs in and consents wherever a page asks for it.
    /// - Returns: the redirect to the client, or the page where it ended otherwise.
    package func authorize(scope: String = "openid", _ changes: [String: String?] = [:]) async throws -> TestResponse {
        var page = try await browser.open(authorizeURI(scope: scope, changes))
        if TestForm(id: "sign-in-form", in: page.text) != nil {
            page = try await browser.submit("sign-in-form", of: page, [("username", username), ("password", password)])
        }
        if TestForm(id: "consent-form", in: page.text) != nil {
            page = try await browser.submit("consent-form", of: page, [("decision", "allow")])
        }
        return page
    }

    /// Redeems a code.
    /// - Parameter proof: in place of one by ``prover``.
    package func redeem(_ code: String, _ changes: [String: String?] = [:], proof: String? = nil) async throws -> TestResponse {
        try await token(
            ["grant_type": "authorization_code", "code": code, "redirect_uri": redirectURI, "code_verifier": Self.verifier], changes,
            proof: proof)
    }

    package func refresh(_ token: String, _ changes: [String: String?] = [:]) async throws -> TestResponse {
        try await self.token(["grant_type": "refresh_token", "refresh_token": token], changes)
    }

    /// From the authorization request to the tokens.
    package func tokens(scope: String = "openid offline_access", _ changes: [String: String?] = [:]) async throws -> JSONValue {
        let answer = try await authorize(scope: scope, changes)
        guard let code = answer.locationParameter("code") else {
            throw TestFormError(description: "no code: \(answer.status) \(answer.location ?? String(answer.text.prefix(2_000)))")
        }
        return try await redeem(code).json
    }

    private func token(
        _ fields: [String: String?], _ changes: [String: String?], proof: String? = nil
    ) async throws -> TestResponse {
        var fields = fields
        for (name, value) in changes { fields[name] = .some(value) }
        if secret == nil, fields["client_id"] == nil { fields["client_id"] = clientID }
        let pairs = fields.compactMap { name, value in value.map { (name, $0) } }.sorted { $0.0 < $1.0 }
        return try await server.token(
            pairs, basic: secret.map { (clientID, $0) }, certificates: certificates,
            proof: try proof ?? prover?.proof(now: server.clock.now))
    }
}
