import Accounts
import Crypto
import FoundationEssentials
import OAuthProtocol
import Outbound
import TestKit
import Testing

/// The presets, against answers as those services document them.
@Suite struct FederationPresetTests {
    private static func github(
        emails: JSONValue, _ body: @escaping @Sendable (TestServer, TestResponseSource) async throws -> Void
    ) async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            let source = TestResponseSource(internet)
            internet.add("github.com") { call in
                source.note(call)
                return source.isFailing
                    ? TestProvider.json(["error": "bad_verification_code", "error_description": "The code passed is incorrect or expired."])
                    : TestProvider.json(["access_token": "gho_16C7e42F292c6912E7", "scope": "read:user,user:email", "token_type": "bearer"])
            }
            internet.add("api.github.com") { call in
                source.note(call)
                if call.url.hasSuffix("/user/emails") { return TestProvider.json(emails) }
                return TestProvider.json([
                    "login": "octocat", "id": 583231, "avatar_url": "https://avatars.githubusercontent.com/u/583231?v=4",
                    "html_url": "https://github.com/octocat", "name": "The Octocat", "email": "not-the-primary@example.org", "blog": "",
                ])
            }
            var provider = FederationPreset.github.provider(id: "github", clientID: "Iv1.8a61f9b3a7aba766")
            provider.secret = FederationSecret("a-github-secret")
            try await server.declare(provider)
            try await body(server, source)
        }
    }

    private static func back(_ there: String?) throws -> String {
        let state = try TestProvider.query(of: there).required("state")
        return "/sign-in/callback/github?code=c0de&state=\(state)"
    }

    @Test func `GitHub's primary address counts if it is verified`() async throws {
        try await Self.github(emails: [
            ["email": "octocat@github.com", "primary": true, "verified": true, "visibility": "public"],
            ["email": "other@example.org", "primary": false, "verified": true, "visibility": .null],
        ]) { server, source in
            let browser = TestBrowser(server)
            let there = try await browser.open("/sign-in/with/github")
            #expect(there.location?.hasPrefix("https://github.com/login/oauth/authorize?") == true)
            #expect(there.locationParameter("code_challenge_method") == "S256")
            #expect(there.locationParameter("nonce") == nil)
            let page = try await browser.open(try Self.back(there.location))
            #expect(page.text.contains("The Octocat"))
            let user = try #require(try await UserStore(server.database).find(login: "octocat"))
            #expect(user.email == "octocat@github.com")
            #expect(user.emailVerified)
            #expect(try await FederationStore(server.database).list(of: user.id).first?.subject == "583231")
            let accept = source.calls.compactMap { call in call.request.headers.first { $0.name == "Accept" }?.value }
            #expect(accept == ["application/json", "application/json", "application/json"])
        }
    }

    @Test func `GitHub's unverified primary address is none`() async throws {
        try await Self.github(emails: [["email": "octocat@github.com", "primary": true, "verified": false, "visibility": .null]]) {
            server, _ in
            let browser = TestBrowser(server)
            let there = try await browser.open("/sign-in/with/github")
            _ = try await browser.open(try Self.back(there.location))
            #expect(try await UserStore(server.database).find(login: "octocat")?.email == nil)
        }
    }

    @Test func `GitHub's errors come with status 200`() async throws {
        try await Self.github(emails: []) { server, source in
            source.fail()
            let browser = TestBrowser(server)
            let there = try await browser.open("/sign-in/with/github")
            #expect(try await browser.open(try Self.back(there.location)).text.contains("provider_refused"))
        }
    }

    @Test func `Apple gets a secret that we sign, answers by form, and says the name once`() async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            let apple = TestProvider("https://appleid.apple.com", clientID: "com.example.web", clock: server.clock)
            apple.person.withLock { $0 = ["sub": "001234.abc", "email": "x7@privaterelay.appleid.com", "email_verified": "true"] }
            internet.add(apple)
            let key = P256.Signing.PrivateKey()
            var provider = FederationPreset.apple.provider(id: "apple", clientID: "com.example.web")
            provider.secret = FederationSecret(key.pemRepresentation)
            provider.keyID = "ABC123DEFG"
            provider.signerID = "DEF123GHIJ"
            // The stand-in signs with ES256.
            provider.algorithms = ["ES256"]
            try await server.declare(provider)
            let browser = TestBrowser(server)
            let there = try await browser.open("/sign-in/with/apple")
            #expect(there.locationParameter("response_mode") == "form_post")
            #expect(there.locationParameter("scope") == "name email")
            let back = try apple.authorize(there.location)
            var fields = try TestProvider.query(of: back).pairs.map { ($0.name, $0.value) }
            fields.append(("user", #"{"name":{"firstName":"Ada","lastName":"Lovelace"},"email":"evil@example.org"}"#))
            let posted = try await TestBrowser(server).exchange(.post, "/sign-in/callback/apple", fields)
            #expect(try await browser.open(try #require(posted.location)).text.contains("Ada Lovelace"))
            let user = try #require(try await UserStore(server.database).find(login: "x7@privaterelay.appleid.com"))
            #expect(user.emailVerified)

            let sent = try #require(apple.requests.first { $0.path == "/token" })
            let secret = try #require(sent.fields.first { $0.0 == "client_secret" }?.1)
            let header = try TestServer.part(0, of: secret)
            #expect(header["alg"] == "ES256" && header["kid"] == "ABC123DEFG")
            let point = Array(key.publicKey.x963Representation)
            let claims = try await JWTVerification(
                types: ["JWT"], issuer: "DEF123GHIJ", audience: "https://appleid.apple.com"
            ).verify(secret, key: { _ in try VerificationKey(es256: point) }, now: server.clock.now)
            #expect(claims["sub"] == "com.example.web")
        }
    }

    @Test func `Microsoft's issuer is the tenant's, and its addresses count as verified only where it says so`() async throws {
        let internet = TestInternet()
        // All personal accounts, and an organization.
        let tenant = "9188040d-6c67-4c5b-b112-36a304b66dad"
        let other = "00000000-0000-0000-0000-000000000000"
        try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            let microsoft = TestProvider("https://login.microsoftonline.com/common/v2.0", clientID: "app-id", clock: server.clock)
            internet.add("login.microsoftonline.com") { call in
                // Endpoints stand below the issuer here.
                try await microsoft.answer(call)
            }
            microsoft.bend {
                for place in ["common", "organizations", "consumers", other] {
                    $0.answers["/\(place)/v2.0/.well-known/openid-configuration"] = { _ in
                        TestProvider.json([
                            "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0",
                            "authorization_endpoint": "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
                            "token_endpoint": "https://login.microsoftonline.com/token",
                            "jwks_uri": "https://login.microsoftonline.com/keys",
                        ])
                    }
                }
                $0.claims = { claims in
                    claims["iss"] = .string("https://login.microsoftonline.com/\(tenant)/v2.0")
                    claims["tid"] = .string(tenant)
                }
            }
            var provider = FederationPreset.microsoft.provider(id: "microsoft", clientID: "app-id")
            provider.secret = FederationSecret("a-secret")
            provider.algorithms = ["ES256"]
            try await server.declare(provider)
            let page = try await server.signIn(with: microsoft, id: "microsoft", browser: TestBrowser(server))
            #expect(page.text.contains("Ada Lovelace"))
            let user = try #require(try await UserStore(server.database).find(login: "ada.lovelace"))
            #expect(user.email == nil)
            let identity = try #require(try await FederationStore(server.database).list(of: user.id).first)
            #expect(identity.issuer == "https://login.microsoftonline.com/\(tenant)/v2.0")
            // A tenant that signs for another.
            microsoft.bend {
                $0.claims = { claims in
                    claims["iss"] = .string("https://login.microsoftonline.com/\(tenant)/v2.0")
                    claims["tid"] = "00000000-0000-0000-0000-000000000000"
                }
            }
            let refused = try await server.signIn(with: microsoft, id: "microsoft", browser: TestBrowser(server))
            #expect(refused.text.contains("provider_untrusted"))
            // What is no tenant, but fits into an issuer.
            for name in ["common", "\(tenant)/v2.0?", ""] {
                microsoft.bend {
                    $0.claims = { claims in
                        claims["iss"] = .string("https://login.microsoftonline.com/\(name)/v2.0")
                        claims["tid"] = .string(name)
                    }
                }
                let page = try await server.signIn(with: microsoft, id: "microsoft", browser: TestBrowser(server))
                #expect(page.text.contains("provider_untrusted"), "\(name)")
            }
            // Which tenants may come is for the settings to say.
            for (place, comer, isExpected) in [
                ("consumers", tenant, true), ("consumers", other, false), ("organizations", other, true), ("organizations", tenant, false),
                (other, other, true), (other, tenant, false),
            ] {
                var narrow = FederationPreset.microsoft.provider(id: "microsoft", clientID: "app-id", tenant: place)
                narrow.secret = FederationSecret("a-secret")
                narrow.algorithms = ["ES256"]
                try await server.declare(narrow)
                microsoft.bend {
                    $0.claims = { claims in
                        claims["iss"] = .string("https://login.microsoftonline.com/\(comer)/v2.0")
                        claims["tid"] = .string(comer)
                    }
                }
                let page = try await server.signIn(with: microsoft, id: "microsoft", browser: TestBrowser(server))
                #expect(page.text.contains("provider_untrusted") == !isExpected, "\(comer) at \(place)")
            }
        }
    }

    @Test(arguments: FederationPreset.allCases)
    func `every preset is whole`(_ preset: FederationPreset) {
        let provider = preset.provider(id: preset.rawValue, clientID: "id")
        #expect(provider.icon.rawValue == preset.rawValue)
        #expect(provider.issuer?.hasPrefix("https://") == true)
        #expect(!provider.scopes.isEmpty)
        if provider.kind == .oauth {
            for address in [provider.authorizationEndpoint, provider.tokenEndpoint, provider.userInfoEndpoint] {
                #expect(address?.hasPrefix("https://") == true)
            }
        }
        #expect(provider.usesPKCE || provider.usesNonce)
        #expect(provider.trustedDomains.isEmpty)
    }

    @Test func `Facebook's picture and names stand deeper, and its address is never verified`() async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            internet.add("graph.facebook.com") { call in
                call.url.contains("/oauth/access_token")
                    ? TestProvider.json(["access_token": "EAA", "token_type": "bearer", "expires_in": 5_183_944])
                    : TestProvider.json([
                        "id": "10158", "name": "Ada Lovelace", "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org",
                        "picture": ["data": ["url": "https://platform-lookaside.fbsbx.com/x", "width": 50]],
                    ])
            }
            var provider = FederationPreset.facebook.provider(id: "facebook", clientID: "1234")
            provider.secret = FederationSecret("a-secret")
            try await server.declare(provider)
            let browser = TestBrowser(server)
            let there = try await browser.open("/sign-in/with/facebook")
            let state = try #require(there.locationParameter("state"))
            #expect(try await browser.open("/sign-in/callback/facebook?code=x&state=\(state)").text.contains("Ada Lovelace"))
            let user = try #require(try await UserStore(server.database).list().first)
            #expect(user.claims["picture"] == "https://platform-lookaside.fbsbx.com/x")
            #expect(user.claims["given_name"] == "Ada")
            #expect(user.email == nil)
        }
    }
}
