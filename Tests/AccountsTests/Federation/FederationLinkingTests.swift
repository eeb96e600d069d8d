import Accounts
import FoundationEssentials
import OAuthProtocol
import TestKit
import Testing

/// An identity that nobody has yet, and an account that somebody has.
@Suite struct FederationLinkingTests {
    @Test func `an identity with a known address is linked once the account is proven by its password`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            let ada = try await server.addUser("ada") { $0.email = "ada@idp.example" }
            let browser = TestBrowser(server)
            let page = try await server.signIn(with: provider, browser: browser)
            #expect(page.text.contains("id=\"linking-note\""))
            #expect(page.text.contains("value=\"ada@idp.example\""))
            let home = try await browser.submit(
                "sign-in-form", of: page, [("username", "ada@idp.example"), ("password", "analytical-engine")])
            #expect(home.text.contains("Ada Lovelace"))
            #expect(try await FederationStore(server.database).list(of: ada.id).count == 1)
            // From now on the provider is enough.
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("Ada Lovelace"))
            #expect(try await TestRowStore(server.database).count("users") == 1)
            #expect(try await TestRowStore(server.database).count("pending_identities") == 0)
        }
    }

    @Test func `whoever does not want it linked signs in without`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            let ada = try await server.addUser("ada") { $0.email = "ada@idp.example" }
            let browser = TestBrowser(server)
            let asked = try await server.signIn(with: provider, browser: browser)
            let page = try await browser.submit("cancel-link-form", of: asked)
            #expect(!page.text.contains("linking-note"))
            let home = try await browser.submit("sign-in-form", of: page, [("username", "ada"), ("password", "analytical-engine")])
            #expect(home.text.contains("Ada Lovelace"))
            #expect(try await FederationStore(server.database).list(of: ada.id).isEmpty)
        }
    }

    @Test func `an account without a password is proven by the provider that it has`() async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            let first = TestProvider("https://one.example", clock: server.clock)
            let second = TestProvider("https://two.example", clock: server.clock)
            internet.add(first)
            internet.add(second)
            try await server.declare(first.declaration("one"), second.declaration("two"))
            _ = try await server.signIn(with: first, id: "one", browser: TestBrowser(server))
            second.setPerson(["sub": "another-subject"])
            let browser = TestBrowser(server)
            let page = try await server.signIn(with: second, id: "two", browser: browser)
            #expect(page.text.contains("account_exists_elsewhere"))
            let link = try #require(page.link("provider-one"))
            let home = try await server.signIn(with: first, browser: browser, path: link)
            #expect(home.text.contains("Ada Lovelace"))
            let user = try #require(try await UserStore(server.database).find(login: "ada@idp.example"))
            #expect(try await FederationStore(server.database).list(of: user.id).map(\.providerID).sorted() == ["one", "two"])
        }
    }

    @Test func `a provider that speaks for the domain is taken at its word, but for verified addresses only`() async throws {
        try await FederationSignInTests.run(change: { $0.trustedDomains = ["idp.example"] }) { server, provider, _ in
            let ada = try await server.addUser("ada") { $0.email = "Ada@idp.example" }
            provider.setPerson(["email_verified": false])
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("linking-note"))
            provider.setPerson(["email_verified": true])
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("Ada Lovelace"))
            #expect(try await FederationStore(server.database).list(of: ada.id).count == 1)
        }
    }

    @Test func `an account whose own address nobody has proven is not handed over with it`() async throws {
        try await FederationSignInTests.run(change: { $0.trustedDomains = ["idp.example"] }) { server, provider, _ in
            // Somebody waits for the owner of the address, with a password of theirs.
            try await server.addUser("mallory") {
                $0.email = "ada@idp.example"
                $0.emailVerified = false
            }
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("linking-note"))
        }
    }

    @Test func `addresses that merely look alike to the database are no addresses`() async throws {
        try await FederationSignInTests.run(change: { $0.trustedDomains = ["idp.example"] }) { server, provider, _ in
            let mike = try await server.addUser("mike") { $0.email = "mike@idp.example" }
            // U+212A, the Kelvin sign, in lower case is a k.
            provider.setPerson(["email": "mi\u{212A}e@idp.example", "preferred_username": "other"])
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(try await FederationStore(server.database).list(of: mike.id).isEmpty)
        }
    }

    @Test func `a signed-in person adds a way to sign in, by a link made for their session`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            let ada = try await server.addUser("ada") { $0.email = "other@example.org" }
            let browser = TestBrowser(server)
            let page = try await browser.open("/sign-in")
            _ = try await browser.submit("sign-in-form", of: page, [("username", "ada"), ("password", "analytical-engine")])
            let token = server.wiring.csrf.token(for: "link:" + (browser.cookie("gatehouse_session") ?? ""))
            let there = try await browser.open(FederationPage.linkPath(provider: "corp", token: token))
            #expect(there.location?.hasPrefix("https://idp.example/authorize") == true)
            let back = try await browser.exchange(.get, try provider.authorize(there.location))
            #expect(back.location == "/account?linked=corp")
            #expect(try await FederationStore(server.database).list(of: ada.id).count == 1)
            // A link of somebody else's making adds nothing.
            #expect(try await browser.open(FederationPage.linkPath(provider: "corp", token: "made-up")).isErrorPage)
            let stranger = TestBrowser(server)
            #expect(try await stranger.open(FederationPage.linkPath(provider: "corp", token: token)).isErrorPage)
        }
    }

    @Test func `an identity that is another account's stays there`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            let ada = try await server.addUser("ada") { $0.email = "other@example.org" }
            let browser = TestBrowser(server)
            let page = try await browser.open("/sign-in")
            _ = try await browser.submit("sign-in-form", of: page, [("username", "ada"), ("password", "analytical-engine")])
            let token = server.wiring.csrf.token(for: "link:" + (browser.cookie("gatehouse_session") ?? ""))
            let there = try await browser.open(FederationPage.linkPath(provider: "corp", token: token))
            let back = try await browser.exchange(.get, try provider.authorize(there.location))
            #expect(back.location == "/account?notice=identity_taken&provider=corp")
            #expect(try await FederationStore(server.database).list(of: ada.id).isEmpty)
        }
    }

    @Test func `the last way to sign in can't be removed, any other can`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            let user = try #require(try await UserStore(server.database).find(login: "ada@idp.example"))
            let links = server.wiring.federation.links
            let identity = try #require(try await FederationStore(server.database).list(of: user.id).first)
            let now = server.clock.now
            #expect(try await links.unlink(identity.id, of: user.id, address: "", now: now) == .lastWayToSignIn)
            var changed = user
            changed.passwordHash = try await server.wiring.hasher.hash("analytical-engine")
            try await UserStore(server.database).update(changed, now: now)
            let other = try await server.addUser("grace")
            #expect(try await links.unlink(identity.id, of: other.id, address: "", now: now) == .unknown)
            #expect(try await links.unlink(identity.id, of: user.id, address: "", now: now) == .unlinked)
            #expect(try await links.unlink(identity.id, of: user.id, address: "", now: now) == .unknown)
        }
    }

    @Test func `the sessions that an identity has vouched for end with it, but for the present one`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            let user = try #require(try await UserStore(server.database).find(login: "ada@idp.example"))
            var changed = user
            changed.passwordHash = try await server.wiring.hasher.hash("analytical-engine")
            try await UserStore(server.database).update(changed, now: server.clock.now)
            let identity = try #require(try await FederationStore(server.database).list(of: user.id).first)
            let present = try #require(try await server.database.first("select id from sessions order by id limit 1") { try $0.uuid(0) })
            let verdict = try await server.wiring.federation.links.unlink(
                identity.id, of: user.id, sparing: present, address: "", now: server.clock.now)
            #expect(verdict == .unlinked)
            let live = try await server.database.all("select id from sessions where ended_at is null") { try $0.uuid(0) }
            #expect(live == [present])
        }
    }

    @Test func `an identity of an issuer that nobody asks any more is no other way to sign in`() async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            let first = TestProvider("https://one.example", clock: server.clock)
            let second = TestProvider("https://two.example", clock: server.clock)
            internet.add(first)
            internet.add(second)
            try await server.declare(first.declaration("one"), second.declaration("two"))
            _ = try await server.signIn(with: first, id: "one", browser: TestBrowser(server))
            second.setPerson(["sub": "another-subject"])
            let browser = TestBrowser(server)
            let page = try await server.signIn(with: second, id: "two", browser: browser)
            let link = try #require(page.link("provider-one"))
            _ = try await server.signIn(with: first, browser: browser, path: link)
            let user = try #require(try await UserStore(server.database).find(login: "ada@idp.example"))
            let identity = try #require(try await FederationStore(server.database).list(of: user.id).first { $0.providerID == "two" })
            // The other one's provider is pointed elsewhere.
            try await server.declare(second.declaration("one"), second.declaration("two"))
            let links = server.wiring.federation.links
            #expect(try await links.unlink(identity.id, of: user.id, address: "", now: server.clock.now) == .lastWayToSignIn)
        }
    }

    @Test func `new accounts may need a verified address`() async throws {
        try await FederationSignInTests.run(change: { $0.requiresVerifiedEmail = true }) { server, provider, _ in
            provider.setPerson(["email_verified": nil])
            let page = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(page.text.contains("email_unverified"))
            provider.setPerson(["email_verified": true])
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("Ada Lovelace"))
        }
    }

    @Test func `two people with one name there have two names here`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            provider.setPerson(["sub": "other", "email": "other@idp.example"])
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(try await UserStore(server.database).list().map(\.username) == ["ada.lovelace", "ada.lovelace2"])
        }
    }

    @Test func `what the settings file declares of a person stays as declared`() async throws {
        try await FederationSignInTests.run(change: { $0.trustedDomains = ["idp.example"] }) { server, provider, _ in
            let ada = try await server.addUser("ada") {
                $0.email = "ada@idp.example"
                $0.claims["name"] = "Countess"
                $0.isDeclared = true
            }
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(try await UserStore(server.database).find(id: ada.id)?.claims["name"] == "Countess")
        }
    }
}
