import Accounts
import FoundationEssentials
import HummingbirdTesting
import OAuthProtocol
import TestKit
import Testing

/// Applications that ask for a proof of a time (`max_age`, `prompt=login`), and providers that can't give one: nobody goes round in circles
/// (OpenID Connect Core §3.1.2.1, §3.1.3.7).
@Suite struct FederationProofTests {
    private static let start: Int64 = 1_767_225_600

    /// As GitHub is: OAuth 2.0, without a word for it.
    private static func makeOAuth(_ provider: inout FederationProvider) {
        provider.kind = .oauth
        provider.authorizationEndpoint = "https://idp.example/authorize"
        provider.tokenEndpoint = "https://idp.example/token"
        provider.userInfoEndpoint = "https://idp.example/userinfo"
    }

    @Test(arguments: [["max_age": "60"], ["max_age": "0"], ["prompt": "login"]])
    func `who has only a provider without a word for it goes back with login_required`(_ asked: [String: String]) async throws {
        try await FederationSignInTests.run(change: Self.makeOAuth) { server, provider, _ in
            try await server.addClient { $0.consent = .implicit }
            let flow = TestFlow(server)
            let page = try await flow.browser.open(flow.authorizeURI(asked.mapValues { Optional($0) }))
            let notice = try await flow.browser.open(try #require(page.link("provider-corp")))
            #expect(notice.text.contains("proof_missing"))
            let leave = try #require(notice.link("leave-link"))
            let answer = try await flow.browser.open(leave)
            #expect(answer.location?.hasPrefix("https://app.example/callback?") == true)
            #expect(answer.locationParameter("error") == "login_required")
            #expect(answer.locationParameter("state") == "a state")
            #expect(answer.locationParameter("iss") == TestServer.issuer)
            // It was answered, once.
            #expect(try await flow.browser.open(leave).isErrorPage)
            #expect(try await TestRowStore(server.database).liveSessions() == 0)
            // Without such a wish the same person comes in.
            let free = try await flow.browser.open(flow.authorizeURI())
            let there = try await flow.browser.open(try #require(free.link("provider-corp")))
            #expect(try await flow.browser.open(try provider.authorize(there.location)).locationParameter("code") != nil)
        }
    }

    @Test func `the way back is of the browser that was sent, and no way in`() async throws {
        try await FederationSignInTests.run(change: Self.makeOAuth) { server, _, _ in
            try await server.addClient()
            let flow = TestFlow(server)
            let page = try await flow.browser.open(flow.authorizeURI(["max_age": "60"]))
            let notice = try await flow.browser.open(try #require(page.link("provider-corp")))
            let leave = try #require(notice.link("leave-link"))
            #expect(try await TestBrowser(server).open(leave).isErrorPage)
            #expect(try await flow.browser.open(leave).locationParameter("error") == "login_required")
        }
    }

    @Test func `a sign-in here that is recent enough is asked of nobody again`() async throws {
        try await FederationSignInTests.run(change: Self.makeOAuth) { server, provider, _ in
            try await server.addClient { $0.consent = .implicit }
            let flow = TestFlow(server)
            _ = try await server.signIn(with: provider, browser: flow.browser)
            server.clock.advance(by: .seconds(30))
            let claims = try await flow.identity(from: try await flow.authorize(["max_age": "60"]))
            #expect(claims["auth_time"] == .int(Self.start))
            server.clock.advance(by: .seconds(31))
            #expect(try await flow.authorize(["max_age": "60", "prompt": "none"]).locationParameter("error") == "login_required")
        }
    }

    @Test func `a home realm that has no word for it leads to the page, once`() async throws {
        try await FederationSignInTests.run(change: {
            Self.makeOAuth(&$0)
            $0.domains = ["idp.example"]
        }) { server, _, _ in
            try await server.addClient { $0.metadata.defaultMaxAge = try? MaxAge(parsing: "60") }
            let flow = TestFlow(server)
            let page = try await flow.browser.open(flow.authorizeURI(["login_hint": "ada@idp.example"]))
            #expect(page.text.contains("proof_missing") && page.text.contains("sign-in-form"))
            #expect(page.link("leave-link") != nil)
        }
    }

    @Test func `a fresh auth_time is proof, and one of a provider that is asked in vain is said to be none`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            try await server.addClient { $0.consent = .implicit }
            let flow = TestFlow(server)
            let page = try await flow.browser.open(flow.authorizeURI(["max_age": "60"]))
            provider.bend { $0.claims = { $0["auth_time"] = .int(Self.start - 61) } }
            var there = try await flow.browser.open(try #require(page.link("provider-corp")))
            let stale = try await flow.browser.open(try provider.authorize(there.location))
            #expect(stale.text.contains("proof_missing") && stale.link("leave-link") != nil)
            provider.bend { $0.claims = { $0["auth_time"] = .int(Self.start) } }
            there = try await flow.browser.open(try #require(stale.link("provider-corp")))
            #expect(try await flow.browser.open(try provider.authorize(there.location)).locationParameter("code") != nil)
        }
    }

    // MARK: The account page

    /// The account page of a person who is asked to prove themselves anew, and the sign-in page that it leads to.
    private static func confirm(_ server: TestServer, _ browser: TestBrowser, _ provider: TestProvider) async throws -> TestResponse {
        // Something to change there.
        try await server.declare(provider.declaration("another"))
        let page = try await browser.open("/account")
        #expect(page.text.contains("confirm-form"))
        return try await browser.submit("confirm-form", of: page)
    }

    @Test func `the account page has the provider ask the person, whose session there may be of this morning`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            provider.bend { $0.claims = { $0["auth_time"] = .int(Self.start - 3_600) } }
            let browser = TestBrowser(server)
            _ = try await server.signIn(with: provider, browser: browser)
            let page = try await Self.confirm(server, browser, provider)
            var there = try await browser.open(try #require(page.link("provider-corp")))
            #expect(there.locationParameter("prompt") == "login")
            #expect(there.locationParameter("max_age") == "0")
            // It doesn't: the person reads so, and comes back to their account without.
            let notice = try await browser.open(try provider.authorize(there.location))
            #expect(notice.text.contains("proof_missing"))
            #expect(try await browser.open(try #require(notice.link("leave-link"))).text.contains("account-page"))
            // It does.
            provider.bend { $0.claims = { $0["auth_time"] = .int(Self.start) } }
            there = try await browser.open(try #require(notice.link("provider-corp")))
            let account = try await browser.open(try provider.authorize(there.location))
            #expect(account.text.contains("account-page") && !account.text.contains("confirm-form"))
        }
    }

    @Test(arguments: [true, false])
    func `a provider without a word for it counts there as in any sign-in`(_ isOAuth: Bool) async throws {
        try await FederationSignInTests.run(change: { if isOAuth { Self.makeOAuth(&$0) } }) { server, provider, _ in
            let browser = TestBrowser(server)
            _ = try await server.signIn(with: provider, browser: browser)
            server.clock.advance(by: Session.recencyMax)
            let page = try await Self.confirm(server, browser, provider)
            let there = try await browser.open(try #require(page.link("provider-corp")))
            let account = try await browser.open(try provider.authorize(there.location))
            #expect(account.text.contains("account-page") && !account.text.contains("confirm-form"))
        }
    }
}
