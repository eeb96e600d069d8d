import Accounts
import FoundationEssentials
import OAuthProtocol
import Outbound
import TestKit
import Testing

/// A provider that is down, slow, or answers rubbish: the person reads what happened, and signs in otherwise.
@Suite struct FederationFailureTests {
    struct Trouble: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let path: String
        let answer: @Sendable (OutboundCall) async throws -> OutboundAnswer

        init(_ path: String, _ description: String, _ answer: @escaping @Sendable (OutboundCall) async throws -> OutboundAnswer) {
            testDescription = "\(path) \(description)"
            self.path = path
            self.answer = answer
        }
    }

    static let troubles: [Trouble] = ["/.well-known/openid-configuration", "/token", "/keys", "/userinfo"].flatMap { path in
        [
            Trouble(path, "is down") { _ in throw OutboundError.unreachable },
            Trouble(path, "takes too long") { _ in throw OutboundError.tooLate },
            Trouble(path, "fails") { _ in OutboundAnswer(status: 503, body: Array("<html>".utf8)) },
            Trouble(path, "answers a page") { _ in OutboundAnswer(status: 200, body: Array("<html>".utf8)) },
            Trouble(path, "answers a number") { _ in OutboundAnswer(status: 200, body: Array("7".utf8)) },
            Trouble(path, "answers nothing") { _ in OutboundAnswer(status: 200) },
            Trouble(path, "answers an empty object") { _ in OutboundAnswer(status: 400, body: Array("{}".utf8)) },
        ]
    }

    @Test(arguments: troubles)
    func `trouble at the provider leads back to the sign-in page, where a password still works`(_ trouble: Trouble) async throws {
        try await FederationSignInTests.run(change: { $0.usesUserInfo = true }) { server, provider, _ in
            try await server.addUser()
            provider.bend { $0.answers[trouble.path] = trouble.answer }
            let browser = TestBrowser(server)
            var page = try await browser.open("/sign-in/with/corp")
            if page.location != nil { page = try await browser.open(try provider.authorize(page.location)) }
            #expect(page.status == .ok)
            #expect(page.text.contains("id=\"federation-notice\""))
            #expect(page.text.contains("provider_unavailable"))
            let home = try await browser.submit("sign-in-form", of: page, [("username", "ada"), ("password", "analytical-engine")])
            #expect(home.text.contains("Ada Lovelace"))
        }
    }

    @Test func `the person said no there`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            let browser = TestBrowser(server)
            let there = try await browser.open("/sign-in/with/corp")
            let state = try #require(there.locationParameter("state"))
            let page = try await browser.open("/sign-in/callback/corp?error=access_denied&state=\(state)")
            #expect(page.text.contains("provider_refused"))
            #expect(provider.requests.isEmpty)
        }
    }

    @Test func `a key that is new is fetched, one that was taken back is believed no longer`() async throws {
        try await FederationSignInTests.run { server, provider, internet in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            // Both at once: the token names a key that nobody here has seen.
            provider.rotate()
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("Ada Lovelace"))
            let keyCalls = internet.calls.filter { $0.url.hasSuffix("/keys") }.count
            // The clock stands still: how old the set is that lacks the key doesn't matter.
            #expect(keyCalls == 2)
            // The provider publishes none any more: what is in memory counts ten minutes, then the set is read anew.
            provider.bend { $0.answers["/keys"] = { _ in TestProvider.json(["keys": []]) } }
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("Ada Lovelace"))
            server.clock.advance(by: .seconds(601))
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("provider_untrusted"))
        }
    }

    @Test func `a flood of unknown keys is no flood of calls`() async throws {
        try await FederationSignInTests.run { server, provider, internet in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            provider.bend { $0.header = { $0["kid"] = "nobody's" } }
            for _ in 0..<5 { _ = try await server.signIn(with: provider, browser: TestBrowser(server)) }
            #expect(internet.calls.filter { $0.url.hasSuffix("/keys") }.count == 2)
            server.clock.advance(by: .seconds(29))
            for _ in 0..<2 { _ = try await server.signIn(with: provider, browser: TestBrowser(server)) }
            #expect(internet.calls.filter { $0.url.hasSuffix("/keys") }.count == 2)
            server.clock.advance(by: .seconds(1))
            for _ in 0..<2 { _ = try await server.signIn(with: provider, browser: TestBrowser(server)) }
            #expect(internet.calls.filter { $0.url.hasSuffix("/keys") }.count == 3)
        }
    }

    @Test func `keys are believed for an hour where none newer can be had, metadata for a day`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            provider.bend { $0.answers["/keys"] = { _ in throw OutboundError.unreachable } }
            server.clock.advance(by: .minutes(59))
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("Ada Lovelace"))
            server.clock.advance(by: .minutes(1))
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("provider_unavailable"))
            server.clock.advance(by: .seconds(31))
            provider.bend { $0.answers = ["/.well-known/openid-configuration": { _ in throw OutboundError.unreachable }] }
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("Ada Lovelace"))
            server.clock.advance(by: .hours(25))
            #expect(try await TestBrowser(server).open("/sign-in/with/corp").text.contains("provider_unavailable"))
        }
    }

    @Test func `no answer is read beyond its bound`() async throws {
        try await FederationSignInTests.run(change: { $0.usesUserInfo = true }) { server, provider, internet in
            let source = TestResponseSource(internet)
            internet.add(provider.host) { call in
                source.note(call)
                return try await provider.answer(call)
            }
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            let bounds = source.calls.map(\.request.bytesMax)
            #expect(bounds.count == 4)
            #expect(bounds.allSatisfy { $0 <= 131_072 }, "\(bounds)")
        }
    }

    @Test func `one address sends only so many browsers to a provider`() async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: {
            $0.outbound = internet.outbound()
            $0.limits.authorizationPerAddress = .init(burst: 3, perMinute: 1)
        }) { server in
            let provider = TestProvider(clock: server.clock)
            internet.add(provider)
            try await server.declare(provider.declaration("corp"))
            let browser = TestBrowser(server)
            let page = try await browser.open("/sign-in")
            let link = try #require(page.link("provider-corp"))
            var statuses: [Int] = []
            for _ in 0..<4 { statuses.append(Int(try await browser.exchange(.get, link).status.code)) }
            #expect(statuses.last == 429, "\(statuses)")
            #expect(try await TestRowStore(server.database).count("federation_flows") <= 3)
        }
    }

    @Test func `a provider that is back is used again after a pause`() async throws {
        try await FederationSignInTests.run { server, provider, internet in
            provider.bend { $0.answers["/.well-known/openid-configuration"] = { _ in throw OutboundError.unreachable } }
            for _ in 0..<3 { _ = try await TestBrowser(server).open("/sign-in/with/corp") }
            #expect(internet.calls.count == 1)
            provider.bend { $0.answers = [:] }
            server.clock.advance(by: .seconds(6))
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("Ada Lovelace"))
        }
    }

    @Test func `each refusal is on record with its reason`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            provider.bend { $0.claims = { $0["nonce"] = "another" } }
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(try await TestRowStore(server.database).events() == ["federation.refused"])
        }
    }

    @Test func `an unknown provider is not found`() async throws {
        try await FederationSignInTests.run { server, _, _ in
            for path in ["/sign-in/with/nobody", "/sign-in/callback/nobody?state=x"] {
                let answer = try await TestBrowser(server).open(path)
                #expect(answer.status == .notFound)
            }
        }
    }
}
