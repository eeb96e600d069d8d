import Accounts
import Crypto
import FoundationEssentials
import OAuthProtocol
import TestKit
import Testing

/// What organisations ask of a provider: keys instead of secrets, groups, tokens for their own applications.
@Suite struct FederationEnterpriseTests {
    private static func assertion(_ provider: TestProvider) throws -> String {
        let sent = try #require(provider.requests.first { $0.path == "/token" })
        #expect(sent.fields.contains { $0.0 == "client_assertion_type" && $0.1.hasSuffix(":jwt-bearer") })
        #expect(!sent.fields.contains { $0.0 == "client_secret" })
        return try #require(sent.fields.first { $0.0 == "client_assertion" }?.1)
    }

    @Test func `private_key_jwt`() async throws {
        let key = P256.Signing.PrivateKey()
        try await FederationSignInTests.run(
            change: {
                $0.authentication = .privateKeyJWT
                $0.secret = FederationSecret(key.pemRepresentation)
                $0.keyID = "our-key"
            }
        ) { server, provider, _ in
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("Ada Lovelace"))
            let assertion = try Self.assertion(provider)
            #expect(try TestServer.part(0, of: assertion)["kid"] == "our-key")
            let point = Array(key.publicKey.x963Representation)
            let claims = try await JWTVerification(types: ["JWT"], issuer: "gatehouse", audience: "https://idp.example/token").verify(
                assertion, key: { _ in try VerificationKey(es256: point) }, now: server.clock.now)
            #expect(claims["sub"] == "gatehouse")
            #expect(claims["jti"]?.string != nil)
        }
    }

    @Test func `client_secret_jwt`() async throws {
        try await FederationSignInTests.run(change: { $0.authentication = .secretJWT }) { server, provider, _ in
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("Ada Lovelace"))
            let parts = try Self.assertion(provider).split(separator: ".").map(String.init)
            let code = HMAC<SHA256>.authenticationCode(
                for: Array("\(parts[0]).\(parts[1])".utf8), using: SymmetricKey(data: Array("an-upstream-secret".utf8)))
            #expect(Base64URL.decode(parts[2]) == Array(code))
        }
    }

    @Test(arguments: [FederationProvider.Authentication.basic, .post, .none])
    func `a secret goes into the header, the form or nowhere`(_ authentication: FederationProvider.Authentication) async throws {
        try await FederationSignInTests.run(change: { $0.authentication = authentication }) { server, provider, _ in
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("Ada Lovelace"))
            let sent = try #require(provider.requests.first { $0.path == "/token" })
            #expect(sent.headers.contains { $0.name == "Authorization" && $0.value.hasPrefix("Basic ") } == (authentication == .basic))
            #expect(sent.fields.contains { $0 == ("client_secret", "an-upstream-secret") } == (authentication == .post))
            #expect(sent.fields.contains { $0 == ("client_id", "gatehouse") } == (authentication != .basic))
        }
    }

    @Test func `groups become roles, and roles go when the groups do`() async throws {
        try await FederationSignInTests.run(
            change: {
                $0.trustedDomains = ["idp.example"]
                $0.roles.roles = ["admins": "admin", "staff": "staff"]
            }
        ) { server, provider, _ in
            let ada = try await server.addUser("ada") {
                $0.email = "ada@idp.example"
                $0.roles = ["author", "staff"]
            }
            provider.setPerson(["groups": ["admins", "choir"]])
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(try await UserStore(server.database).find(id: ada.id)?.roles == ["author", "admin"])
            provider.setPerson(["groups": nil])
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(try await UserStore(server.database).find(id: ada.id)?.roles == ["author"])
        }
    }

    @Test func `the provider's methods are in our tokens where the settings trust them`() async throws {
        try await FederationSignInTests.run(change: { $0.trustsMethods = true }) { server, provider, _ in
            provider.setPerson(["amr": ["pwd", "otp", "no such/method"]])
            try await server.addClient { $0.consent = .implicit }
            let flow = TestFlow(server)
            _ = try await server.signIn(with: provider, browser: flow.browser)
            let claims = try await flow.identity(from: try await flow.authorize())
            #expect(claims["amr"]?.strings == ["fed", "pwd", "otp"])
        }
    }

    @Test func `and not where they don't`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            provider.setPerson(["amr": ["pwd", "otp"]])
            try await server.addClient { $0.consent = .implicit }
            let flow = TestFlow(server)
            _ = try await server.signIn(with: provider, browser: flow.browser)
            let claims = try await flow.identity(from: try await flow.authorize())
            #expect(claims["amr"]?.strings == ["fed"])
        }
    }

    @Test func `tokens are kept only for clients that the settings name, sealed, and renewed when they have expired`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(try await TestRowStore(server.database).count("upstream_tokens") == 0)
            try await server.declare(provider.declaration("corp") { $0.tokenClients = ["app"] })
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            let user = try #require(try await UserStore(server.database).find(login: "ada@idp.example"))
            let source = server.wiring.federation.tokens
            let first = try #require(try await source.fresh(userID: user.id, providerID: "corp", now: server.clock.now))
            #expect(first.accessToken == "access-code-2")
            #expect("\(first)" == "UpstreamTokens(…)")
            server.clock.advance(by: .seconds(3_600))
            let second = try #require(try await source.fresh(userID: user.id, providerID: "corp", now: server.clock.now))
            #expect(second.accessToken == "fresh-access")
            #expect(second.refreshToken == "refresh-code-2")
            // The settings ask for them no more.
            try await server.declare(provider.declaration("corp"))
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(try await TestRowStore(server.database).count("upstream_tokens") == 0)
        }
    }
}
