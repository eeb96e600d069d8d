import Accounts
import Crypto
import FoundationEssentials
import OAuthProtocol
import Outbound
import TestKit
import Testing

/// Ways in which somebody could come to another person's account through a provider.
@Suite struct FederationAttackTests {
    private static func sessions(_ server: TestServer) async throws -> Int { try await TestRowStore(server.database).liveSessions() }

    @Test func `a state that was swapped between two browsers is refused`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            let mallory = TestBrowser(server)
            let victim = TestBrowser(server)
            let there = try await mallory.open("/sign-in/with/corp")
            _ = try await victim.open("/sign-in/with/corp")
            // The victim is lured to follow the attacker's way back, to end up in the attacker's account.
            let back = try provider.authorize(there.location)
            #expect(try await victim.open(back).isErrorPage)
            #expect(try await Self.sessions(server) == 0)
            // Nothing was asked of the provider, and the state is still good where it belongs: nobody else spends it.
            #expect(provider.requests.isEmpty)
            #expect(try await mallory.open(back).text.contains("Ada Lovelace"))
        }
    }

    @Test func `a stolen code that is injected into another sign-in is refused`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            let victim = try await TestBrowser(server).open("/sign-in/with/corp")
            let stolen = try provider.issueCode(for: victim.location)
            let mallory = TestBrowser(server)
            let there = try await mallory.open("/sign-in/with/corp")
            let page = try await mallory.open(try provider.authorize(there.location, code: stolen))
            // The provider compares the verifier (RFC 9700 §4.5.3.1).
            #expect(page.text.contains("provider_refused"))
            #expect(try await Self.sessions(server) == 0)
        }
    }

    @Test func `where the provider compares no verifier, the nonce catches the injected code`() async throws {
        try await FederationSignInTests.run(change: { $0.usesPKCE = false }) { server, provider, _ in
            let victim = try await TestBrowser(server).open("/sign-in/with/corp")
            let stolen = try provider.issueCode(for: victim.location)
            let mallory = TestBrowser(server)
            let there = try await mallory.open("/sign-in/with/corp")
            let page = try await mallory.open(try provider.authorize(there.location, code: stolen))
            #expect(page.text.contains("provider_untrusted"))
            #expect(try await Self.sessions(server) == 0)
        }
    }

    @Test func `an answer of one provider at the address of another is refused`() async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            let honest = TestProvider("https://honest.example", clock: server.clock)
            let evil = TestProvider("https://evil.example", clock: server.clock)
            internet.add(honest)
            internet.add(evil)
            try await server.declare(honest.declaration("honest"), evil.declaration("evil"))
            let browser = TestBrowser(server)
            let there = try await browser.open("/sign-in/with/honest")
            // The code of the honest provider would be sent to the evil one's token endpoint (RFC 9700 §4.4.1).
            let back = try honest.authorize(there.location).replacing("/callback/honest", with: "/callback/evil")
            #expect(try await browser.open(back).isErrorPage)
            #expect(evil.requests.isEmpty)
            #expect(try await Self.sessions(server) == 0)
        }
    }

    @Test func `an answer that names another issuer is refused, and one that names none where the provider always does`() async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            let provider = TestProvider(clock: server.clock)
            provider.bend { $0.metadata = { $0["authorization_response_iss_parameter_supported"] = true } }
            internet.add(provider)
            try await server.declare(provider.declaration())
            let browser = TestBrowser(server)
            var there = try await browser.open("/sign-in/with/corp")
            let wrong = try provider.authorize(there.location) + "&iss=https%3A%2F%2Fevil.example"
            #expect(try await browser.open(wrong).text.contains("provider_untrusted"))
            there = try await browser.open("/sign-in/with/corp")
            #expect(try await browser.open(try provider.authorize(there.location)).text.contains("provider_untrusted"))
            #expect(provider.requests.isEmpty)
            there = try await browser.open("/sign-in/with/corp")
            #expect(try await browser.open(try provider.authorize(there.location, sendsIssuer: true)).text.contains("Ada Lovelace"))
        }
    }

    @Test(arguments: [true, false])
    func `an address that the provider has or hasn't verified opens nobody's account`(_ isVerified: Bool) async throws {
        try await FederationSignInTests.run { server, provider, _ in
            let victim = try await server.addUser("ada") { $0.email = "ada@idp.example" }
            provider.setPerson(["sub": "mallory", "email_verified": .bool(isVerified)])
            let browser = TestBrowser(server)
            let page = try await server.signIn(with: provider, browser: browser)
            #expect(page.text.contains("id=\"linking-note\""))
            #expect(try await Self.sessions(server) == 0)
            #expect(try await FederationStore(server.database).list(of: victim.id).isEmpty)
            // Nor does a wrong password, nor another account's right one.
            try await server.addUser("mallory", password: "correct-horse-battery")
            let guessed = try await browser.submit("sign-in-form", of: page, [("username", "ada@idp.example"), ("password", "guess")])
            #expect(guessed.text.contains("id=\"error-message\""))
            let other = try await browser.submit(
                "sign-in-form", of: page, [("username", "mallory"), ("password", "correct-horse-battery")])
            #expect(other.text.contains("id=\"error-message\""))
            #expect(try await Self.sessions(server) == 0)
            #expect(try await TestRowStore(server.database).count("federated_identities") == 0)
        }
    }

    @Test func `an unverified address does not keep its owner out`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            provider.setPerson(["sub": "mallory", "email": "victim@example.org", "email_verified": false])
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(try await UserStore(server.database).find(login: "victim@example.org") == nil)
            #expect(try await UserStore(server.database).find(login: "ada.lovelace")?.email == nil)
        }
    }

    struct Bent: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bend: @Sendable (inout TestProvider.Bends) -> Void

        init(_ description: String, _ bend: @escaping @Sendable (inout TestProvider.Bends) -> Void) {
            testDescription = description
            self.bend = bend
        }
    }

    private static let start: Int64 = 1_767_225_600

    static let bents: [Bent] = [
        Bent("of another client") { $0.claims = { $0["aud"] = "another-client" } },
        Bent("for several, issued to another client") {
            $0.claims = {
                $0["aud"] = ["gatehouse", "another-client"]
                $0["azp"] = "another-client"
            }
        },
        Bent("for several, issued to nobody") { $0.claims = { $0["aud"] = ["gatehouse", "another-client"] } },
        Bent("with another azp") { $0.claims = { $0["azp"] = "another-client" } },
        Bent("with a wrong nonce") { $0.claims = { $0["nonce"] = "another" } },
        Bent("without a nonce") { $0.claims = { $0["nonce"] = nil } },
        Bent("of a wrong issuer") { $0.claims = { $0["iss"] = "https://evil.example" } },
        Bent("of no issuer") { $0.claims = { $0["iss"] = nil } },
        Bent("that has expired") { $0.claims = { $0["exp"] = .int(start - 61) } },
        Bent("that never expires") { $0.claims = { $0["exp"] = nil } },
        Bent("of the future") { $0.claims = { $0["iat"] = .int(start + 61) } },
        Bent("that counts later") { $0.claims = { $0["nbf"] = .int(start + 61) } },
        Bent("with another access token's hash") { $0.claims = { $0["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" } },
        Bent("that nobody signed") {
            $0.header = { $0["alg"] = "none" }
            $0.sign = { _ in [] }
        },
        Bent("with a broken signature") { $0.sign = { _ in [UInt8](repeating: 1, count: 64) } },
        Bent("of an unknown key") { $0.header = { $0["kid"] = "key-of-somebody" } },
        Bent("of another type") { $0.header = { $0["typ"] = "at+jwt" } },
        Bent("with a critical extension") { $0.header = { $0["crit"] = ["b64"] } },
    ]

    @Test(arguments: bents)
    func `an ID token that is not for us, not now, or not signed as agreed is refused`(_ bent: Bent) async throws {
        try await FederationSignInTests.run { server, provider, _ in
            provider.bend(bent.bend)
            let page = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(page.text.contains("provider_untrusted"), "\(page.text.prefix(300))")
            #expect(try await Self.sessions(server) == 0)
            #expect(try await TestRowStore(server.database).count("users") == 0)
        }
    }

    @Test func `a token within the clock tolerance is accepted`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            provider.bend { $0.claims = { $0["exp"] = .int(Self.start - 59) } }
            let page = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(page.text.contains("Ada Lovelace"))
        }
    }

    @Test(arguments: ["modulus", "jwk", "secret"])
    func `an HMAC under something public, or under our secret, is no signature`(_ what: String) async throws {
        try await FederationSignInTests.run { server, provider, _ in
            // Any odd number of 2,048 bits passes for a modulus.
            let modulus = [UInt8](repeating: 0xC5, count: 256)
            let key = JWK(.rsa(modulus: modulus, exponent: [1, 0, 1]), keyID: "rsa-1", algorithm: "RS256")
            let secret =
                switch what {
                case "modulus": modulus
                case "jwk": key.json.encoded()
                default: Array("an-upstream-secret".utf8)
                }
            provider.bend {
                $0.answers["/keys"] = { _ in TestProvider.json(["keys": [key.json]]) }
                $0.header = { header in
                    header["alg"] = "HS256"
                    header["kid"] = "rsa-1"
                }
                $0.sign = { Array(HMAC<SHA256>.authenticationCode(for: $0, using: SymmetricKey(data: secret))) }
            }
            let page = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(page.text.contains("provider_untrusted"))
            #expect(try await Self.sessions(server) == 0)
        }
    }

    @Test func `a key set of 10 MB is not read`() async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            let provider = TestProvider(clock: server.clock)
            internet.add(provider)
            try await server.declare(provider.declaration())
            provider.bend {
                $0.answers["/keys"] = { call in
                    // The wire counts as it reads: what would be longer is never held.
                    #expect(call.request.bytesMax < 1_000_000)
                    throw OutboundError.tooLarge
                }
            }
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("provider_unavailable"))
        }
    }

    @Test(arguments: ["token_endpoint", "jwks_uri", "userinfo_endpoint"])
    func `an endpoint in the metadata that leads to this machine is not called`(_ name: String) async throws {
        try await FederationSignInTests.run(change: { $0.usesUserInfo = true }) { server, provider, internet in
            internet.add("127.0.0.1") { _ in OutboundAnswer(status: 200, body: Array("{}".utf8)) }
            provider.bend { $0.metadata = { $0[name] = "https://127.0.0.1:8443/secrets" } }
            let page = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(page.text.contains("provider_untrusted"))
            #expect(internet.calls.allSatisfy { $0.pinned == TestInternet.publicAddress })
        }
    }

    @Test func `metadata that redirects is not followed`() async throws {
        try await FederationSignInTests.run { server, provider, internet in
            internet.add("127.0.0.1") { _ in OutboundAnswer(status: 200, body: Array("{}".utf8)) }
            provider.bend { $0.answers["/.well-known/openid-configuration"] = { _ in throw OutboundError.redirect } }
            let page = try await TestBrowser(server).open("/sign-in/with/corp")
            #expect(page.text.contains("provider_unavailable"))
            #expect(internet.calls.count == 1)
        }
    }

    @Test func `metadata of another issuer is not believed`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            provider.bend { $0.metadata = { $0["issuer"] = "https://evil.example" } }
            let page = try await TestBrowser(server).open("/sign-in/with/corp")
            #expect(page.text.contains("provider_untrusted"))
        }
    }

    @Test func `a browser is not sent to an authorization endpoint under another scheme`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            provider.bend { $0.metadata = { $0["authorization_endpoint"] = "javascript:alert(1)" } }
            let page = try await TestBrowser(server).open("/sign-in/with/corp")
            #expect(page.text.contains("provider_untrusted"))
        }
    }

    @Test func `a name that means another machine at the second look leads nowhere`() async throws {
        try await FederationSignInTests.run { server, provider, internet in
            internet.setAddresses([TestInternet.publicAddress, "127.0.0.1"], of: "idp.example")
            let browser = TestBrowser(server)
            let there = try await browser.open("/sign-in/with/corp")
            #expect(there.location != nil)
            let page = try await browser.open(try provider.authorize(there.location))
            #expect(page.text.contains("provider_untrusted"))
            // One look for each call, and the call went where that look led.
            #expect(internet.calls.allSatisfy { $0.pinned == TestInternet.publicAddress })
            #expect(internet.lookUps.count == 2)
            #expect(internet.calls.count == 1)
        }
    }

    @Test func `an answer counts once`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            let browser = TestBrowser(server)
            let there = try await browser.open("/sign-in/with/corp")
            let back = try provider.authorize(there.location)
            #expect(try await browser.open(back).text.contains("Ada Lovelace"))
            #expect(try await browser.exchange(.get, back).isErrorPage)
            #expect(provider.requests.filter { $0.path == "/token" }.count == 1)
        }
    }

    @Test func `an answer that comes too late is refused`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            let browser = TestBrowser(server)
            let there = try await browser.open("/sign-in/with/corp")
            server.clock.advance(by: .seconds(31 * 60))
            #expect(try await browser.open(try provider.authorize(there.location)).isErrorPage)
        }
    }

    @Test func `the same subject of another issuer is somebody else`() async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            let first = TestProvider("https://one.example", clock: server.clock)
            let second = TestProvider("https://two.example", clock: server.clock)
            internet.add(first)
            internet.add(second)
            try await server.declare(first.declaration("corp"))
            _ = try await server.signIn(with: first, browser: TestBrowser(server))
            // The provider is pointed elsewhere.
            second.setPerson(["email": nil])
            try await server.declare(second.declaration("corp"))
            _ = try await server.signIn(with: second, browser: TestBrowser(server))
            #expect(try await TestRowStore(server.database).count("users") == 2)
        }
    }

    @Test func `the same subject at another provider of the same issuer is somebody else`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            try await server.declare(provider.declaration("corp"), provider.declaration("another") { $0.newUsers = .refuse })
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            provider.setPerson(["email": nil])
            let page = try await server.signIn(with: provider, id: "another", browser: TestBrowser(server))
            #expect(page.text.contains("account_unknown"))
            #expect(try await Self.sessions(server) == 1)
        }
    }

    @Test func `a sign-in that should prove the person anew is not answered with an old one`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            try await server.addClient()
            provider.bend { $0.claims = { $0["auth_time"] = .int(Self.start - 3_600) } }
            let flow = TestFlow(server)
            let page = try await flow.browser.open(flow.authorizeURI(["prompt": "login"]))
            let link = try #require(page.link("provider-corp"))
            let there = try await flow.browser.open(link)
            let back = try await flow.browser.open(try provider.authorize(there.location))
            #expect(back.text.contains("proof_missing"))
        }
    }
}
