import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import Runtime
import TestKit
import Testing

@testable import OAuth

/// Several requests in one browser, and one request in several browsers.
@Suite struct BrowserTabsTests {
    private static let credentials = [("username", "ada"), ("password", "analytical-engine")]

    @Test func `each of several tabs returns to its own application and state`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            try await server.addClient("shop", metadata: ["redirect_uris": ["https://shop.example/callback"]])
            let first = TestFlow(server)
            var second = TestFlow(server, browser: first.browser)
            second.clientID = "shop"
            second.redirectURI = "https://shop.example/callback"
            let one = try await first.browser.open(first.authorizeURI(["state": "one"]))
            let two = try await second.browser.open(second.authorizeURI(["state": "two"]))
            let three = try await first.browser.open(first.authorizeURI(["state": "three"]))
            // Signed in from the second tab; the first and third do the same after it.
            let consentTwo = try await first.browser.submit("sign-in-form", of: two, Self.credentials)
            let consentOne = try await first.browser.submit("sign-in-form", of: one, Self.credentials)
            let consentThree = try await first.browser.submit("sign-in-form", of: three, Self.credentials)
            // The sign-ins since have changed the session's token: the questions are asked anew, then answered.
            var answers: [TestResponse] = []
            for page in [consentTwo, consentThree, consentOne] {
                var answer = try await first.browser.submit("consent-form", of: page, [("decision", "allow")])
                if answer.shows("consent-form") {
                    answer = try await first.browser.submit("consent-form", of: answer, [("decision", "allow")])
                }
                answers.append(answer)
            }
            #expect(answers[0].codeAtClient("https://shop.example/callback", state: "two") != nil)
            #expect(answers[1].codeAtClient(state: "three") != nil)
            #expect(answers[2].codeAtClient(state: "one") != nil)
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
        }
    }

    @Test func `a tab goes on by itself once another has signed in`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient { $0.consent = .implicit }
            let flow = TestFlow(server)
            let waiting = try await flow.browser.exchange(.get, flow.authorizeURI(["state": "waiting"]))
            #expect(try await flow.authorize(["state": "other"]).codeAtClient(state: "other") != nil)
            #expect(try await flow.browser.open(try #require(waiting.location)).codeAtClient(state: "waiting") != nil)
        }
    }

    @Test func `tabs that open at once in a new browser all go on`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient { $0.consent = .implicit }
            let flow = TestFlow(server)
            // Both requests leave before either answer brings a cookie.
            let one = try await server.get(flow.authorizeURI(["state": "one"]))
            let two = try await server.get(flow.authorizeURI(["state": "two"]))
            for answer in [one, two] {
                let pair = try #require(answer.headers[.setCookie]?.split(separator: ";").first).split(separator: "=")
                flow.browser.setCookie(String(pair[0]), String(pair[1]))
            }
            // Once in four thousand runs both cookies have one name.
            guard flow.browser.cookieNames.count == 2 else { return }
            let pageOne = try await flow.browser.open(try #require(one.location))
            let pageTwo = try await flow.browser.open(try #require(two.location))
            #expect(try await flow.browser.submit("sign-in-form", of: pageOne, Self.credentials).codeAtClient(state: "one") != nil)
            #expect(try await flow.browser.submit("sign-in-form", of: pageTwo, Self.credentials).codeAtClient(state: "two") != nil)
        }
    }

    @Test func `a stolen handle is worth nothing in another browser`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let started = try await flow.browser.exchange(.get, flow.authorizeURI())
            let address = try #require(started.location)
            let signInAddress = try #require(try await flow.browser.exchange(.get, address).location)
            let page = try await flow.browser.open(signInAddress)
            let thieves = [TestBrowser(server), TestFlow(server).browser]
            _ = try await thieves[1].open(flow.authorizeURI())
            for thief in thieves {
                #expect(try await thief.open(address).isErrorPage)
                #expect(try await thief.open(signInAddress).isErrorPage)
                #expect(try await thief.submit("sign-in-form", of: page, Self.credentials).status == .forbidden)
            }
            #expect(try await TestRowStore(server.database).count("sessions") == 0)
            let consent = try await flow.browser.submit("sign-in-form", of: page, Self.credentials)
            // Signed in as the same person elsewhere, with the form's very fields.
            let elsewhere = TestFlow(server)
            _ = try await elsewhere.authorize(scope: "email openid")
            let before = try await TestRowStore(server.database).count("grants")
            #expect(try await elsewhere.browser.submit("consent-form", of: consent, [("decision", "allow")]).isErrorPage)
            #expect(try await TestBrowser(server).submit("consent-form", of: consent, [("decision", "allow")]).isErrorPage)
            #expect(try await TestRowStore(server.database).count("grants") == before)
            #expect(try await flow.browser.submit("consent-form", of: consent, [("decision", "allow")]).codeAtClient() != nil)
        }
    }

    @Test func `a stored request is answered once, and not after its hour`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            _ = try await flow.authorize(scope: "openid email")
            let address = try #require(try await flow.browser.exchange(.get, flow.authorizeURI(["prompt": "consent"])).location)
            let page = try await flow.browser.open(address)
            #expect(try await flow.browser.submit("consent-form", of: page, [("decision", "allow")]).codeAtClient() != nil)
            #expect(try await flow.browser.open(address).isErrorPage)
            let later = try #require(try await flow.browser.exchange(.get, flow.authorizeURI(["prompt": "consent"])).location)
            server.clock.advance(by: .minutes(59))
            #expect(try await flow.browser.open(later).shows("consent-form"))
            server.clock.advance(by: .minutes(1))
            #expect(try await flow.browser.open(later).isErrorPage)
        }
    }

    @Test func `a client that has changed while its request waited is told what is wrong by now`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let address = try #require(try await flow.browser.exchange(.get, flow.authorizeURI(scope: "openid email")).location)
            try await server.database.execute("update clients set scopes = '{openid}'", [])
            server.wiring.clients.flush()
            #expect(try await flow.browser.open(address).errorAtClient() == "invalid_scope")
            #expect(try await TestRowStore(server.database).count("authorization_requests") == 0)
            let other = try #require(try await flow.browser.exchange(.get, flow.authorizeURI()).location)
            try await server.database.execute("update clients set disabled_at = created_at", [])
            server.wiring.clients.flush()
            #expect(try await flow.browser.open(other).isErrorPage)
        }
    }
}
