import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import Runtime
import TestKit
import Testing

/// A browser in which the account has signed in before has an allowance of its own.
@Suite struct DeviceCookieTests {
    private func signIn(_ browser: TestBrowser, _ login: String = "ada", _ password: String = "analytical-engine") async throws
        -> TestResponse
    {
        browser.setCookie("gatehouse_session", nil)
        return try await browser.submit(
            "sign-in-form", of: try await browser.open("/sign-in"), [("username", login), ("password", password)])
    }

    private func run(_ body: @escaping @Sendable (TestServer) async throws -> Void) async throws {
        try await TestServer.run(configure: {
            $0.limits.signInPerAccount = .init(burst: 3, perMinute: 1)
            $0.limits.signInPerDevice = .init(burst: 2, perMinute: 1)
        }) { server in
            try await server.addUser()
            try await body(server)
        }
    }

    private func name(_ browser: TestBrowser) throws -> String {
        try #require(browser.cookieNames.first { $0.hasPrefix("gatehouse_device_") })
    }

    /// Uses up what strangers may try.
    private func attack(_ server: TestServer, _ login: String = "ada") async throws {
        let stranger = TestBrowser(server)
        for _ in 0..<3 { #expect(try await signIn(stranger, login, "wrong").status == .unprocessableContent) }
        #expect(try await signIn(stranger, login).status == .tooManyRequests)
    }

    @Test func `strangers who guess can't keep a person out of a browser that knows the account`() async throws {
        try await run { server in
            let browser = TestBrowser(server)
            #expect(try await signIn(browser).shows("home-page"))
            try await attack(server)
            #expect(try await signIn(browser).shows("home-page"))
            #expect(try await signIn(browser, "ADA").shows("home-page"))
            // Elsewhere the owner waits like everybody.
            #expect(try await signIn(TestBrowser(server)).status == .tooManyRequests)
        }
    }

    @Test func `a known browser has no more guesses than its allowance, and they cost strangers none`() async throws {
        try await run { server in
            let browser = TestBrowser(server)
            #expect(try await signIn(browser).shows("home-page"))
            for _ in 0..<2 { #expect(try await signIn(browser, "ada", "wrong").status == .unprocessableContent) }
            let refused = try await signIn(browser)
            #expect(refused.status == .tooManyRequests && refused.headers[.retryAfter] == "60")
            #expect(try await signIn(TestBrowser(server)).shows("home-page"))
            // Without its cookie it is a stranger.
            browser.setCookie(try name(browser), nil)
            #expect(try await signIn(browser).shows("home-page"))
        }
    }

    @Test func `the cookie counts for its account alone`() async throws {
        try await run { server in
            try await server.addUser("grace")
            let browser = TestBrowser(server)
            #expect(try await signIn(browser, "grace").shows("home-page"))
            try await attack(server)
            #expect(try await signIn(browser).status == .tooManyRequests)
            // Nor under the other's name for it.
            let value = try #require(browser.cookie(try name(browser)))
            let other = TestBrowser(server)
            server.clock.advance(by: .hours(1))
            #expect(try await signIn(other).shows("home-page"))
            other.setCookie(try name(other), value)
            try await attack(server)
            #expect(try await signIn(other).status == .tooManyRequests)
        }
    }

    @Test func `a cookie that was forged, altered or is too old counts nothing`() async throws {
        try await run { server in
            let browser = TestBrowser(server)
            #expect(try await signIn(browser).shows("home-page"))
            let name = try name(browser)
            let value = try #require(browser.cookie(name))
            let parts = value.split(separator: ".").map(String.init)
            try await attack(server)
            for forged in [
                "\(parts[0]).\(parts[1])", "\(parts[0]).\(String(parts[1].reversed())).\(parts[2])", "\(parts[0])1.\(parts[1]).\(parts[2])",
                "\(parts[0]).\(parts[1]).\(String(repeating: "A", count: 43))", "x", "..", "\(parts[0]).\(parts[1]).",
            ] {
                browser.setCookie(name, forged)
                #expect(try await signIn(browser).status == .tooManyRequests, "\(forged)")
            }
            server.clock.advance(by: .days(180))
            try await attack(server)
            browser.setCookie(name, value)
            #expect(try await signIn(browser).status == .tooManyRequests)
        }
    }

    @Test func `only a right password makes a browser known, and the cookie tells no name`() async throws {
        try await run { server in
            let browser = TestBrowser(server)
            #expect(try await signIn(browser, "ada", "wrong").status == .unprocessableContent)
            #expect(!browser.cookieNames.contains { $0.hasPrefix("gatehouse_device_") })
            let page = try await browser.open("/sign-in")
            let form = try #require(TestForm(id: "sign-in-form", in: page.text))
            let answer = try await browser.exchange(
                .post, form.action, form.hidden + [("username", "ada"), ("password", "analytical-engine")])
            let lines = answer.headers[values: .setCookie].filter { $0.hasPrefix("gatehouse_device_") }
            #expect(lines.count == 1)
            #expect(lines[0].hasSuffix("; Path=/; HttpOnly; SameSite=Lax; Max-Age=15552000") && !lines[0].contains("ada"))
        }
    }

    @Test func `a browser that many share remembers the latest few`() async throws {
        try await run { server in
            let browser = TestBrowser(server)
            for index in 0..<9 {
                server.clock.advance(by: .seconds(1))
                try await server.addUser("person\(index)")
                #expect(try await signIn(browser, "person\(index)").shows("home-page"))
            }
            #expect(browser.cookieNames.count { $0.hasPrefix("gatehouse_device_") } == 6)
            try await attack(server, "person8")
            #expect(try await signIn(browser, "person8").shows("home-page"))
            try await attack(server, "person0")
            #expect(try await signIn(browser, "person0").status == .tooManyRequests)
        }
    }
}
