import Accounts
import FoundationEssentials
import OAuthProtocol
import TestKit
import Testing

/// Signing in with a provider, end to end: the button, the provider, the way back.
@Suite struct FederationSignInTests {
    /// A server with one provider `corp`.
    static func run(
        change: @escaping @Sendable (inout FederationProvider) -> Void = { _ in },
        _ body: @escaping @Sendable (TestServer, TestProvider, TestInternet) async throws -> Void
    ) async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            let provider = TestProvider(clock: server.clock)
            internet.add(provider)
            try await server.declare(provider.declaration("corp", change))
            try await body(server, provider, internet)
        }
    }

    @Test func `an unknown identity becomes a new user, who is signed in`() async throws {
        try await Self.run { server, provider, _ in
            let browser = TestBrowser(server)
            let page = try await server.signIn(with: provider, browser: browser)
            #expect(page.status == .ok)
            #expect(page.text.contains("Ada Lovelace"))
            let user = try #require(try await UserStore(server.database).find(login: "ada@idp.example"))
            #expect(user.username == "ada.lovelace")
            #expect(user.emailVerified)
            #expect(user.passwordHash == nil)
            let identities = try await FederationStore(server.database).list(of: user.id)
            #expect(identities.map(\.subject) == ["248289761001"])
            #expect(identities.map(\.issuer) == ["https://idp.example"])
            #expect(try await TestRowStore(server.database).events().sorted() == ["identity.linked", "sign_in.succeeded", "user.created"])
        }
    }

    @Test func `the same identity is the same user next time, under whatever address, with a fresh profile`() async throws {
        try await Self.run { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            let first = try #require(try await UserStore(server.database).find(login: "ada@idp.example"))
            provider.setPerson(["email": "countess@idp.example", "name": "Ada King"])
            let page = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(page.text.contains("Ada King"))
            #expect(try await TestRowStore(server.database).count("users") == 1)
            let second = try #require(try await UserStore(server.database).find(id: first.id))
            #expect(second.claims["name"] == "Ada King")
            #expect(second.username == first.username)
        }
    }

    @Test func `the request carries PKCE, a nonce, a state and a redirect of its own`() async throws {
        try await Self.run { server, provider, _ in
            let there = try await TestBrowser(server).open("/sign-in/with/corp")
            #expect(there.location?.hasPrefix("https://idp.example/authorize?") == true)
            #expect(there.locationParameter("code_challenge_method") == "S256")
            #expect(there.locationParameter("code_challenge")?.utf8.count == 43)
            #expect(there.locationParameter("nonce")?.utf8.count == 43)
            #expect(there.locationParameter("state")?.utf8.count == 43)
            #expect(there.locationParameter("redirect_uri") == "http://localhost:8080/sign-in/callback/corp")
            #expect(there.locationParameter("scope") == "openid email profile")
        }
    }

    @Test func `the application gets an ID token that names the provider, and so do its refreshed tokens' methods`() async throws {
        try await Self.run { server, provider, _ in
            try await server.addClient()
            let flow = TestFlow(server)
            let page = try await flow.browser.open(flow.authorizeURI())
            #expect(page.text.contains("id=\"provider-corp\""))
            let link = try #require(page.link("provider-corp"))
            let there = try await flow.browser.open(link)
            var back = try await flow.browser.open(try provider.authorize(there.location))
            if TestForm(id: "consent-form", in: back.text) != nil {
                back = try await flow.browser.submit("consent-form", of: back, [("decision", "allow")])
            }
            let claims = try await flow.identity(from: back)
            #expect(claims["amr"]?.strings == ["fed"])
            #expect(claims["idp"] == "corp")
            #expect(claims["acr"] == "urn:gatehouse:acr:1")
        }
    }

    @Test func `hints of the application are passed on`() async throws {
        try await Self.run(change: { $0.domainHintParameter = "hd" }) { server, _, _ in
            try await server.addClient()
            let flow = TestFlow(server)
            let page = try await flow.browser.open(
                flow.authorizeURI(["login_hint": "ada@idp.example", "prompt": "login", "domain_hint": "idp.example"]))
            let link = try #require(page.link("provider-corp"))
            let there = try await flow.browser.open(link)
            #expect(there.locationParameter("login_hint") == "ada@idp.example")
            #expect(there.locationParameter("prompt") == "login")
            #expect(there.locationParameter("hd") == "idp.example")
        }
    }

    @Test func `people of a domain are sent to its provider, by hint or by what they type`() async throws {
        try await Self.run(change: { $0.domains = ["idp.example"] }) { server, _, _ in
            try await server.addClient()
            let flow = TestFlow(server)
            let there = try await flow.browser.open(flow.authorizeURI(["login_hint": "ada@IDP.example"]))
            #expect(there.location?.hasPrefix("https://idp.example/authorize?") == true)
            let browser = TestBrowser(server)
            let page = try await browser.open("/sign-in")
            let between = try await browser.submit("sign-in-form", of: page, [("username", "ada@idp.example")])
            #expect(between.shows("provider-page"))
            let link = try #require(between.link("continue-link"))
            let onward = try await browser.open(link)
            #expect(onward.locationParameter("login_hint") == "ada@idp.example")
        }
    }

    @Test func `a form post from the provider is answered with a redirect, and the browser brings its cookies`() async throws {
        try await Self.run(change: { $0.responseMode = .formPost }) { server, provider, _ in
            let browser = TestBrowser(server)
            let there = try await browser.open("/sign-in/with/corp")
            #expect(there.locationParameter("response_mode") == "form_post")
            let back = try provider.authorize(there.location)
            // From the provider's site: without our cookies.
            let fields = try TestProvider.query(of: back).pairs.map { ($0.name, $0.value) }
            let posted = try await TestBrowser(server).exchange(.post, "/sign-in/callback/corp", fields)
            #expect(posted.status == .seeOther)
            #expect(posted.headers[.setCookie] == nil)
            let page = try await browser.open(try #require(posted.location))
            #expect(page.text.contains("Ada Lovelace"))
        }
    }

    @Test func `a form post that nobody waits for is kept by nobody`() async throws {
        try await Self.run { server, _, _ in
            let answer = try await TestBrowser(server).exchange(
                .post, "/sign-in/callback/corp", [("state", "made-up"), ("code", "x")])
            #expect(answer.isErrorPage)
        }
    }

    @Test func `unknown identities are refused where the settings let no new accounts come`() async throws {
        try await Self.run(change: { $0.newUsers = .refuse }) { server, provider, _ in
            let page = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(page.text.contains("account_unknown"))
            #expect(try await TestRowStore(server.database).count("users") == 0)
        }
    }

    @Test func `userinfo adds to the ID token, and must be about the same person`() async throws {
        try await Self.run(change: { $0.usesUserInfo = true }) { server, provider, _ in
            provider.bend { $0.userInfo = { $0["nickname"] = "countess" } }
            let page = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(page.text.contains("Ada Lovelace"))
            let user = try #require(try await UserStore(server.database).find(login: "ada@idp.example"))
            #expect(user.claims["nickname"] == "countess")
            provider.bend { $0.userInfo = { $0["sub"] = "somebody-else" } }
            let refused = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(refused.text.contains("provider_untrusted"))
        }
    }

    @Test func `a disabled person stays out`() async throws {
        try await Self.run { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            let user = try #require(try await UserStore(server.database).find(login: "ada@idp.example"))
            try await server.disable(user)
            let page = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(page.text.contains("account_disabled"))
            #expect(try await TestRowStore(server.database).liveSessions() == 0)
        }
    }
}
