import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import Runtime
import TestKit
import Testing

@testable import Accounts

@Suite struct SessionTests {
    private func signIn(_ browser: TestBrowser, _ username: String = "ada") async throws {
        let page = try await browser.submit(
            "sign-in-form", of: try await browser.open("/sign-in"), [("username", username), ("password", "analytical-engine")])
        #expect(page.shows("home-page"))
    }

    private func isSignedIn(_ browser: TestBrowser) async throws -> Bool {
        try await browser.open("/sign-out").shows("sign-out-form")
    }

    private func sessionID(_ server: TestServer) async throws -> UUID? {
        try await server.database.first("select id from sessions where ended_at is null", []) { try $0.uuid(0) }
    }

    @Test func `the cookie under http`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            let browser = TestBrowser(server)
            let started = try await browser.exchange(.get, "/sign-in")
            let first = try #require(started.headers[.setCookie])
            #expect(first.hasPrefix("gatehouse_browser_") && first.hasSuffix("; Path=/; HttpOnly; SameSite=Lax"))
            let page = try await browser.open(try #require(started.location))
            let form = try #require(TestForm(id: "sign-in-form", in: page.text)).hidden
            let answer = try await browser.exchange(.post, "/sign-in", form + [("username", "ada"), ("password", "analytical-engine")])
            let line = try #require(answer.headers[values: .setCookie].first { $0.hasPrefix("gatehouse_session=") })
            #expect(line.hasSuffix("; Path=/; HttpOnly; SameSite=Lax; Max-Age=1209600"))
            #expect(answer.headers[.strictTransportSecurity] == nil)
            // Only its hash is stored.
            let token = try #require(browser.cookie("gatehouse_session"))
            #expect(Base64URL.decode(token)?.count == 32)
            let held = try await server.database.first(
                "select count(*) from sessions where token_hash = sha256($1::text::bytea)", [.text(token)]
            ) { try $0.int(0) }
            #expect(held == 1)
        }
    }

    @Test func `the cookies under https are Secure and bound to the host`() async throws {
        try await TestServer.run(configure: {
            $0.site = .init(issuer: "https://id.example")
            $0.oauth.issuer = "https://id.example"
        }) { server in
            try await server.addUser()
            let browser = TestBrowser(server)
            let started = try await browser.exchange(.get, "/sign-in")
            let page = try await browser.open(try #require(started.location))
            let form = try #require(TestForm(id: "sign-in-form", in: page.text)).hidden
            let answer = try await browser.exchange(.post, "/sign-in", form + [("username", "ada"), ("password", "analytical-engine")])
            for (response, name) in [(started, "__Host-gatehouse_browser_"), (answer, "__Host-gatehouse_session=")] {
                let line = try #require(response.headers[values: .setCookie].first { $0.hasPrefix(name) })
                #expect(line.contains("; Path=/; HttpOnly; SameSite=Lax; Secure"))
                #expect(!line.contains("Domain"))
                #expect(response.headers[.strictTransportSecurity] == "max-age=31536000")
            }
            #expect(try await isSignedIn(browser))
            // Without the prefix it could have been planted.
            let bare = TestBrowser(server)
            bare.setCookie("gatehouse_session", browser.cookie("__Host-gatehouse_session"))
            #expect(try await !isSignedIn(bare))
        }
    }

    @Test func `signing in again renews the session: another token, the same sid`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            let browser = TestBrowser(server)
            try await signIn(browser)
            let old = browser.cookie("gatehouse_session")
            let id = try await sessionID(server)
            server.clock.advance(by: .minutes(1))
            try await signIn(browser)
            #expect(browser.cookie("gatehouse_session") != old)
            #expect(try await sessionID(server) == id && id != nil)
            let stale = TestBrowser(server)
            stale.setCookie("gatehouse_session", old)
            #expect(try await !isSignedIn(stale))
            #expect(try await isSignedIn(browser))
            let named = try await server.database.all(
                "select session_id from audit_events where kind = 'sign_in.succeeded'", []
            ) { try $0.optionalUUID(0) }
            #expect(named == [id, id])
        }
    }

    @Test func `a token that the browser brought along is never kept`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            let browser = TestBrowser(server)
            let planted = Base64URL.encode([UInt8](repeating: 7, count: 32))
            browser.setCookie("gatehouse_session", planted)
            try await signIn(browser)
            #expect(browser.cookie("gatehouse_session") != planted)
            let fixed = TestBrowser(server)
            fixed.setCookie("gatehouse_session", planted)
            #expect(try await !isSignedIn(fixed))
        }
    }

    @Test func `another person who signs in ends the first one's session`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addUser("grace")
            let browser = TestBrowser(server)
            try await signIn(browser)
            let first = browser.cookie("gatehouse_session")
            let id = try await sessionID(server)
            try await signIn(browser, "grace")
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
            #expect(try await sessionID(server) != id)
            let stale = TestBrowser(server)
            stale.setCookie("gatehouse_session", first)
            #expect(try await !isSignedIn(stale))
            let reasons = try await server.database.all(
                "select detail->>'reason' from audit_events where kind = 'session.ended'", []
            ) { try $0.text(0) }
            #expect(reasons == ["another person signed in"])
        }
    }

    @Test func `an idle session ends, and activity keeps it`() async throws {
        try await TestServer.run(configure: { $0.sessionLimits = .init(idle: .minutes(30), absolute: .hours(2)) }) { server in
            try await server.addUser()
            let browser = TestBrowser(server)
            try await signIn(browser)
            server.clock.advance(by: .minutes(29))
            #expect(try await isSignedIn(browser))
            server.clock.advance(by: .minutes(29))
            #expect(try await isSignedIn(browser))
            server.clock.advance(by: .minutes(30))
            #expect(try await !isSignedIn(browser))
        }
    }

    @Test func `no activity keeps a session beyond its absolute limit`() async throws {
        try await TestServer.run(configure: { $0.sessionLimits = .init(idle: .minutes(30), absolute: .hours(2)) }) { server in
            try await server.addUser()
            let browser = TestBrowser(server)
            try await signIn(browser)
            for _ in 0..<5 {
                server.clock.advance(by: .minutes(20))
                #expect(try await isSignedIn(browser))
            }
            server.clock.advance(by: .minutes(20))
            #expect(try await !isSignedIn(browser))
        }
    }

    @Test func `beyond the limit a person's oldest session ends, never the newest`() async throws {
        try await TestServer.run(configure: { $0.sessionLimits = .init(countMax: 3) }) { server in
            try await server.addUser()
            try await server.addUser("grace")
            let grace = TestBrowser(server)
            try await signIn(grace, "grace")
            var browsers: [TestBrowser] = []
            for number in 0..<5 {
                let browser = TestBrowser(server)
                try await signIn(browser)
                browsers.append(browser)
                // The clock of the node that takes the fifth is behind.
                server.clock.advance(by: number == 3 ? .seconds(-100) : .seconds(10))
                #expect(try await isSignedIn(browser))
            }
            var live: [Bool] = []
            for browser in browsers { live.append(try await isSignedIn(browser)) }
            #expect(live == [false, false, true, true, true])
            #expect(try await isSignedIn(grace))
        }
    }

    @Test func `a disabled person is signed out everywhere, and an enabled one starts anew`() async throws {
        try await TestServer.run { server in
            let user = try await server.addUser()
            let browser = TestBrowser(server)
            try await signIn(browser)
            let now = server.clock.now
            try await server.database.transaction { try await UserStore($0).disable(user.id, now: now, accessUntil: now + .hours(24)) }
            #expect(try await !isSignedIn(browser))
            let page = try await browser.submit(
                "sign-in-form", of: try await browser.open("/sign-in"), [("username", "ada"), ("password", "analytical-engine")])
            #expect(page.status == .unprocessableContent)
            try await server.database.execute("update users set disabled_at = null", [])
            #expect(try await !isSignedIn(browser))
            try await signIn(browser)
        }
    }

    @Test func `two cookies of one name are no session`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            let browser = TestBrowser(server)
            try await signIn(browser)
            let token = try #require(browser.cookie("gatehouse_session"))
            let headers: HTTPFields = [.cookie: "gatehouse_session=\(token); gatehouse_session=\(token)"]
            #expect(try await server.get("/sign-out", headers: headers).shows("signed-out-page"))
            for odd in ["", "x", String(repeating: "a", count: 2_000), "\(token)%00", "\"\(token)\""] {
                #expect(try await server.get("/sign-out", headers: [.cookie: "gatehouse_session=\(odd)"]).shows("signed-out-page"))
            }
        }
    }
}
