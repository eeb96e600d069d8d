import FoundationEssentials
import OAuthProtocol
import Runtime
import TestKit
import Testing

@testable import OAuth

/// When a person is asked to sign in, to choose, or nothing at all (OpenID Connect Core §3.1.2.1).
@Suite struct PromptTests {
    @Test func `prompt=none answers silently about the same sign-in, or says why not`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            #expect(try await flow.browser.open(flow.authorizeURI(["prompt": "none"])).errorAtClient() == "login_required")
            let first = try await flow.identity(from: flow.authorize())
            server.clock.advance(by: .minutes(5))
            let answer = try await flow.browser.open(flow.authorizeURI(["prompt": "none"]))
            let second = try await flow.identity(from: answer)
            for name in ["sub", "auth_time", "sid", "amr", "acr"] { #expect(second[name] == first[name], "\(name)") }
            #expect(second["iat"] != first["iat"])
            // More than was allowed before.
            #expect(
                try await flow.browser.open(flow.authorizeURI(scope: "openid email", ["prompt": "none"])).errorAtClient()
                    == "consent_required")
            #expect(try await TestFlow(server).browser.open(flow.authorizeURI(["prompt": "none"])).errorAtClient() == "login_required")
        }
    }

    @Test func `prompt=login asks again, in the same session and with a later auth_time`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let first = try await flow.identity(from: flow.authorize())
            server.clock.advance(by: .seconds(10))
            let page = try await flow.browser.open(flow.authorizeURI(["prompt": "login"]))
            #expect(page.shows("sign-in-form"))
            #expect(!page.text.contains("continue-as-form"))
            server.clock.advance(by: .seconds(10))
            let answer = try await flow.browser.submit("sign-in-form", of: page, [("username", "ada"), ("password", "analytical-engine")])
            let second = try await flow.identity(from: answer)
            #expect(second["sub"] == first["sub"])
            #expect(second["sid"] == first["sid"])
            #expect(second["auth_time"]?.int == (first["auth_time"]?.int ?? 0) + 20)
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
        }
    }

    @Test func `opening the sign-in page of prompt=login and going on without signing in leads back to it`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            _ = try await flow.authorize()
            server.clock.advance(by: .seconds(10))
            let started = try await flow.browser.exchange(.get, flow.authorizeURI(["prompt": "login"]))
            let address = try #require(started.location)
            for suffix in ["", "&account=current"] {
                #expect(try await flow.browser.open(address + suffix).shows("sign-in-form"))
            }
        }
    }

    @Test func `max_age`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let first = try await flow.identity(from: flow.authorize(["max_age": "1"]))
            server.clock.advance(by: .milliseconds(900))
            #expect(try await flow.browser.open(flow.authorizeURI(["max_age": "1"])).codeAtClient() != nil)
            server.clock.advance(by: .seconds(2))
            #expect(try await flow.browser.open(flow.authorizeURI(["max_age": "0"])).shows("sign-in-form"))
            #expect(try await flow.browser.open(flow.authorizeURI(["max_age": "1", "prompt": "none"])).errorAtClient() == "login_required")
            #expect(try await flow.browser.open(flow.authorizeURI(["max_age": "10000", "prompt": "none"])).codeAtClient() != nil)
            let page = try await flow.browser.open(flow.authorizeURI(["max_age": "1"]))
            #expect(page.shows("sign-in-form"))
            server.clock.advance(by: .minutes(2))
            let answer = try await flow.browser.submit("sign-in-form", of: page, [("username", "ada"), ("password", "analytical-engine")])
            let second = try await flow.identity(from: answer)
            #expect((second["auth_time"]?.int ?? 0) > (first["auth_time"]?.int ?? 0) + 100)
            #expect(second["sid"] == first["sid"])
        }
    }

    @Test func `default_max_age stands where the request says nothing`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient(metadata: ["default_max_age": 60])
            let flow = TestFlow(server)
            _ = try await flow.authorize()
            server.clock.advance(by: .seconds(61))
            #expect(try await flow.browser.open(flow.authorizeURI(["prompt": "none"])).errorAtClient() == "login_required")
            #expect(try await flow.browser.open(flow.authorizeURI(["prompt": "none", "max_age": "600"])).codeAtClient() != nil)
        }
    }

    @Test func `prompt=consent asks although it is remembered, or settled by the operator`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            try await server.addClient("first-party") { $0.consent = .implicit }
            var flow = TestFlow(server)
            _ = try await flow.authorize()
            #expect(try await flow.browser.open(flow.authorizeURI(["prompt": "consent"])).shows("consent-form"))
            flow.clientID = "first-party"
            #expect(try await flow.browser.open(flow.authorizeURI(["prompt": "consent"])).shows("consent-form"))
            #expect(try await flow.browser.open(flow.authorizeURI()).codeAtClient() != nil)
        }
    }

    @Test func `prompt=select_account offers the present account, and another`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addUser("grace", password: "nanosecond-wire") { $0.claims["name"] = "Grace Hopper" }
            try await server.addClient { $0.consent = .implicit }
            let flow = TestFlow(server)
            let first = try await flow.identity(from: flow.authorize())
            server.clock.advance(by: .seconds(10))
            let page = try await flow.browser.open(flow.authorizeURI(["prompt": "select_account"]))
            #expect(page.text.contains("Continue as <bdi>Ada Lovelace</bdi>"))
            let same = try await flow.identity(from: flow.browser.submit("continue-as-form", of: page))
            #expect(same["sub"] == first["sub"] && same["auth_time"] == first["auth_time"])
            let again = try await flow.browser.open(flow.authorizeURI(["prompt": "select_account"]))
            let wrong = try await flow.browser.submit("sign-in-form", of: again, [("username", "grace"), ("password", "wrong")])
            #expect(wrong.text.contains("Continue as <bdi>Ada Lovelace</bdi>"))
            let other = try await flow.identity(
                from: flow.browser.submit("sign-in-form", of: wrong, [("username", "grace"), ("password", "nanosecond-wire")]))
            #expect(other["sub"] != first["sub"] && other["sid"] != first["sid"])
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
        }
    }

    @Test func `an id_token_hint may have expired, must be ours, and names the person`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addUser("grace", password: "nanosecond-wire")
            try await server.addClient { $0.consent = .implicit }
            let flow = TestFlow(server)
            let tokens = try await flow.tokens(scope: "openid")
            let hint = try #require(tokens["id_token"]?.string)
            #expect(try await flow.browser.open(flow.authorizeURI(["prompt": "none", "id_token_hint": hint])).codeAtClient() != nil)
            server.clock.advance(by: .hours(3))
            #expect(try await flow.browser.open(flow.authorizeURI(["prompt": "none", "id_token_hint": hint])).codeAtClient() != nil)
            // Another person, silently: no. With a page: that person's sign-in is refused to the client.
            let other = TestFlow(server)
            var grace = TestFlow(server, browser: other.browser)
            grace.username = "grace"
            grace.password = "nanosecond-wire"
            _ = try await grace.authorize()
            server.clock.advance(by: .seconds(1))
            #expect(
                try await grace.browser.open(grace.authorizeURI(["prompt": "none", "id_token_hint": hint])).errorAtClient()
                    == "login_required")
            #expect(try await grace.authorize(["id_token_hint": hint]).errorAtClient() == "login_required")
            // A person who was not signed in, and is the one.
            #expect(try await TestFlow(server).authorize(["id_token_hint": hint]).codeAtClient() != nil)
            for forged in Self.forgeries(of: hint) {
                #expect(try await flow.browser.open(flow.authorizeURI(["id_token_hint": forged])).errorAtClient() == "invalid_request")
            }
            // An access token is no ID token.
            let access = try #require(tokens["access_token"]?.string)
            #expect(try await flow.browser.open(flow.authorizeURI(["id_token_hint": access])).errorAtClient() == "invalid_request")
        }
    }

    /// The same claims under alg none, under a broken signature, and under another server's key.
    static func forgeries(of token: String) -> [String] {
        let parts = token.split(separator: ".").map(String.init)
        let none = Base64URL.encode(#"{"alg":"none","typ":"JWT"}"#.utf8)
        let first = parts[2].hasPrefix("A") ? "B" : "A"
        return [
            "\(none).\(parts[1]).", "\(none).\(parts[1]).\(parts[2])", "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1])",
            "\(parts[0]).\(parts[1]).\(first + parts[2].dropFirst())",
        ]
    }
}
