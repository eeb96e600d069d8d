import Accounts
import FoundationEssentials
import OAuthProtocol
import TestKit
import Testing

/// A provider says that a person has signed out there (OpenID Connect Back-Channel Logout).
@Suite struct BackchannelLogoutTests {
    private static let start: Int64 = 1_767_225_600

    private static func claims(_ change: (inout [String: JSONValue]) -> Void = { _ in }) -> [String: JSONValue] {
        var claims: [String: JSONValue] = [
            "iss": "https://idp.example", "aud": "gatehouse", "iat": .int(start), "exp": .int(start + 120), "jti": "logout-1",
            "sub": "248289761001", "events": ["http://schemas.openid.net/event/backchannel-logout": [:]],
        ]
        change(&claims)
        return claims
    }

    private static func post(
        _ server: TestServer, _ provider: TestProvider, type: String = "logout+jwt",
        _ change: (inout [String: JSONValue]) -> Void = { _ in }
    ) async throws -> Int {
        let token = provider.sign(claims(change), type: type)
        return Int(try await server.post("/backchannel-logout/corp", [("logout_token", token)]).status.code)
    }

    @Test func `all sessions of the person end, and the application's tokens with them`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            let browser = TestBrowser(server)
            _ = try await server.signIn(with: provider, browser: browser)
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(try await TestRowStore(server.database).liveSessions() == 2)
            #expect(try await Self.post(server, provider) == 200)
            #expect(try await TestRowStore(server.database).liveSessions() == 0)
            let home = try await browser.open("/")
            #expect(!home.text.contains("Ada Lovelace"))
        }
    }

    @Test func `only the session that is named ends`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            provider.bend { $0.claims = { $0["sid"] = "upstream-session-2" } }
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            let status = try await Self.post(server, provider) { claims in
                claims["sub"] = nil
                claims["sid"] = "upstream-session-2"
            }
            #expect(status == 200)
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
        }
    }

    @Test func `a person's sessions of unknown origin end with the one that is named`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            provider.bend { $0.claims = { $0["sid"] = nil } }
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            provider.bend { $0.claims = { $0["sid"] = "upstream-session-2" } }
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(try await Self.post(server, provider) { $0["sid"] = "upstream-session-2" } == 200)
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
        }
    }

    @Test func `a logout that fails half-way has not counted`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            try await server.database.execute("alter table audit_events add constraint broken check (kind <> 'federation.logout')")
            #expect(try await Self.post(server, provider) >= 500)
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
            try await server.database.execute("alter table audit_events drop constraint broken")
            #expect(try await Self.post(server, provider) == 200)
            #expect(try await TestRowStore(server.database).liveSessions() == 0)
        }
    }

    @Test(arguments: [nil, "upstream-session-1", "upstream-session-2"])
    func `other people of the provider stay signed in, whatever session is named with somebody`(_ session: String?) async throws {
        try await FederationSignInTests.run { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            provider.setPerson(["sub": "grace", "email": "grace@idp.example"])
            provider.bend { $0.claims = { $0["sid"] = "upstream-session-2" } }
            let browser = TestBrowser(server)
            _ = try await server.signIn(with: provider, browser: browser)
            #expect(try await Self.post(server, provider) { $0["sid"] = session.map(JSONValue.string) } == 200)
            #expect(try await TestRowStore(server.database).liveSessions() == (session == "upstream-session-2" ? 2 : 1))
            #expect(try await browser.open("/account").text.contains("account-page"))
        }
    }

    @Test func `people who signed in otherwise stay signed in`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            try await server.addUser("grace")
            let browser = TestBrowser(server)
            let page = try await browser.open("/sign-in")
            _ = try await browser.submit("sign-in-form", of: page, [("username", "grace"), ("password", "analytical-engine")])
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(try await Self.post(server, provider) == 200)
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
        }
    }

    @Test func `a logout token counts once`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            #expect(try await Self.post(server, provider) == 200)
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(try await Self.post(server, provider) == 400)
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
        }
    }

    struct Wrong: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let type: String
        let change: @Sendable (inout [String: JSONValue]) -> Void

        init(_ description: String, type: String = "logout+jwt", _ change: @escaping @Sendable (inout [String: JSONValue]) -> Void) {
            testDescription = description
            self.type = type
            self.change = change
        }
    }

    static let wrongs: [Wrong] = [
        Wrong("an ID token", type: "JWT") { claims in
            claims["events"] = nil
            claims["nonce"] = "n"
        },
        Wrong("with a nonce") { $0["nonce"] = "n" },
        Wrong("without the event") { $0["events"] = ["http://schemas.example/other": [:]] },
        Wrong("with the event as text") { $0["events"] = ["http://schemas.openid.net/event/backchannel-logout": "yes"] },
        Wrong("for another client") { $0["aud"] = "another" },
        Wrong("of another issuer") { $0["iss"] = "https://evil.example" },
        Wrong("that has expired") { $0["exp"] = .int(start - 61) },
        Wrong("that never expires") { $0["exp"] = nil },
        Wrong("that lives for a year") { $0["exp"] = .int(start + 31_536_000) },
        Wrong("of the future") { $0["iat"] = .int(start + 61) },
        Wrong("without iat") { $0["iat"] = nil },
        Wrong("without jti") { $0["jti"] = nil },
        Wrong("that means nobody") { $0["sub"] = nil },
        Wrong("with a subject that is no text") { $0["sub"] = "a\u{0}b" },
        Wrong("with a subject that is too long") { $0["sub"] = .string(String(repeating: "a", count: 256)) },
        Wrong("with a subject that is a number") {
            $0["sub"] = 248_289_761_001
            $0["sid"] = "upstream-session-1"
        },
        Wrong("with a session that is no text") { $0["sid"] = "a\u{0}b" },
        Wrong("of another type", type: "at+jwt") { _ in },
    ]

    @Test(arguments: wrongs)
    func `a token that is no logout token of this provider for us ends nothing`(_ wrong: Wrong) async throws {
        try await FederationSignInTests.run { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(try await Self.post(server, provider, type: wrong.type, wrong.change) == 400)
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
        }
    }

    @Test func `the same subject of an issuer that was asked before is somebody else`() async throws {
        try await FederationSignInTests.run { server, provider, internet in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            // The provider is pointed elsewhere.
            let second = TestProvider("https://two.example", clock: server.clock)
            internet.add(second)
            try await server.declare(second.declaration("corp"))
            #expect(try await Self.post(server, second) { $0["iss"] = "https://two.example" } == 200)
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
        }
    }

    @Test func `another provider of the same issuer is another provider`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            try await server.declare(provider.declaration("another"), provider.declaration("corp"))
            let token = provider.sign(Self.claims(), type: "logout+jwt")
            #expect(try await server.post("/backchannel-logout/another", [("logout_token", token)]).status == .ok)
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
            // It counts once at each.
            #expect(try await Self.post(server, provider) == 200)
            #expect(try await TestRowStore(server.database).liveSessions() == 0)
        }
    }

    @Test func `who guesses is limited, a provider with many people is not`() async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: {
            $0.outbound = internet.outbound()
            $0.limits.authorizationPerAddress = .init(burst: 2, perMinute: 1)
        }) { server in
            let provider = TestProvider(clock: server.clock)
            internet.add(provider)
            try await server.declare(provider.declaration("corp"))
            for number in 0..<4 {
                #expect(try await Self.post(server, provider) { $0["jti"] = .string("logout-\(number)") } == 200)
            }
            for _ in 0..<2 { #expect(try await Self.post(server, provider) { $0["aud"] = "another" } == 400) }
            #expect(try await Self.post(server, provider) { $0["aud"] = "another" } == 429)
        }
    }

    @Test func `an unsigned body, no body and an unknown provider are refused`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            // OAuth 2.0 has no such tokens, whatever keys its provider may publish.
            try await server.declare(provider.declaration("corp"), provider.declaration("plain") { $0.kind = .oauth })
            let signed = provider.sign(Self.claims(), type: "logout+jwt")
            #expect(try await server.post("/backchannel-logout/plain", [("logout_token", signed)]).status == .notFound)
            let answer = try await server.post("/backchannel-logout/corp", [("logout_token", "e30.e30.")])
            #expect(answer.status == .badRequest)
            #expect(try await server.post("/backchannel-logout/corp", []).status == .badRequest)
            #expect(try await server.post("/backchannel-logout/nobody", [("logout_token", "x")]).status == .notFound)
        }
    }
}
