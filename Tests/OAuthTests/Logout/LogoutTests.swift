import FoundationEssentials
import HTTPTypes
import OAuthProtocol
import Runtime
import TestKit
import Testing

@testable import OAuth

/// OpenID Connect RP-Initiated Logout 1.0.
@Suite struct LogoutTests {
    private static let goodbye = "https://app.example/goodbye"

    private func uri(_ fields: [String: String?]) -> String {
        let pairs = fields.compactMap { name, value in value.map { (name, $0) } }.sorted { $0.0 < $1.0 }
        return "/oauth2/logout" + (pairs.isEmpty ? "" : "?" + Parameters.encode(pairs))
    }

    private func signedIn(_ server: TestServer) async throws -> (flow: TestFlow, tokens: JSONValue, hint: String) {
        try await server.addUser()
        try await server.addClient { $0.consent = .implicit }
        let flow = TestFlow(server)
        let tokens = try await flow.tokens(scope: "openid")
        return (flow, tokens, try #require(tokens["id_token"]?.string))
    }

    private func isSignedIn(_ flow: TestFlow) async throws -> Bool {
        try await flow.browser.open(flow.authorizeURI(["prompt": "none"])).codeAtClient() != nil
    }

    @Test func `with an ID token of the session the person is signed out at once and goes back with the state`() async throws {
        try await TestServer.run { server in
            let (flow, tokens, hint) = try await signedIn(server)
            let answer = try await flow.browser.open(
                uri(["id_token_hint": hint, "post_logout_redirect_uri": Self.goodbye, "state": "a b&c"]))
            #expect(answer.status == .seeOther)
            #expect(answer.location == Self.goodbye + "?state=a%20b%26c")
            #expect(answer.headers[.setCookie]?.hasPrefix("gatehouse_session=;") == true)
            #expect(flow.browser.cookie("gatehouse_session") == nil)
            #expect(try await flow.browser.open(flow.authorizeURI(["prompt": "none"])).errorAtClient() == "login_required")
            #expect(try await TestRowStore(server.database).liveSessions() == 0)
            #expect(try await TestRowStore(server.database).events().last == "session.ended")
            // What the session gave ends with it.
            try await server.wiring.revocations.load(now: server.clock.now)
            let info = try await server.get(
                "/oauth2/userinfo", headers: [.authorization: "Bearer \(tokens["access_token"]?.string ?? "")"])
            #expect(info.status == .unauthorized)
            #expect(try await flow.refresh(tokens["refresh_token"]?.string ?? "").status == .badRequest)
        }
    }

    @Test func `without state none comes back, with an expired token all is the same`() async throws {
        try await TestServer.run { server in
            let (flow, _, hint) = try await signedIn(server)
            server.clock.advance(by: .hours(5))
            let answer = try await flow.browser.open(uri(["id_token_hint": hint, "post_logout_redirect_uri": Self.goodbye]))
            #expect(answer.location == Self.goodbye)
            #expect(try await !isSignedIn(flow))
        }
    }

    @Test func `without a redirect the last page is ours`() async throws {
        try await TestServer.run { server in
            let (flow, _, hint) = try await signedIn(server)
            let answer = try await flow.browser.open(uri(["id_token_hint": hint, "state": "s"]))
            #expect(answer.status == .ok && answer.shows("signed-out-page"))
            #expect(try await !isSignedIn(flow))
        }
    }

    @Test func `an application's cross-site POST signs out as its GET does`() async throws {
        try await TestServer.run { server in
            let (flow, _, hint) = try await signedIn(server)
            let fields = [("id_token_hint", hint), ("post_logout_redirect_uri", Self.goodbye), ("state", "s")]
            // From another site the browser sends no SameSite=Lax cookie.
            let stored = try await server.post("/oauth2/logout", fields, headers: ForeignForms.headers[0])
            #expect(stored.status == .seeOther && stored.headers[.setCookie] == nil)
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
            let answer = try await flow.browser.open(try #require(stored.location))
            #expect(answer.location == Self.goodbye + "?state=s")
            #expect(try await TestRowStore(server.database).liveSessions() == 0)
            // Nobody is signed in any more: the way back is the same.
            #expect(try await flow.browser.open(try #require(stored.location)).location == Self.goodbye + "?state=s")
            // A POST from our own site brings the cookie.
            _ = try await flow.authorize()
            let direct = try await flow.browser.exchange(.post, "/oauth2/logout", [("client_id", "app")])
            #expect(try await flow.browser.open(try #require(direct.location)).shows("sign-out-form"))
            #expect(try await server.post("/oauth2/logout", []).location == "/oauth2/logout")
        }
    }

    @Test func `without a token of this session the person is asked`() async throws {
        try await TestServer.run { server in
            let (flow, _, _) = try await signedIn(server)
            try await server.addUser("grace")
            var other = TestFlow(server)
            other.username = "grace"
            let foreign = try #require(try await other.tokens(scope: "openid")["id_token"]?.string)
            let elsewhere = try #require(try await TestFlow(server).tokens(scope: "openid")["id_token"]?.string)
            let requests: [[String: String?]] = [
                [:], ["client_id": "app"], ["client_id": "app", "post_logout_redirect_uri": Self.goodbye], ["state": "only"],
                ["id_token_hint": foreign, "post_logout_redirect_uri": Self.goodbye], ["id_token_hint": elsewhere],
            ]
            for request in requests {
                let page = try await flow.browser.open(uri(request))
                #expect(page.status == .ok && page.shows("sign-out-form"), "\(request)")
                #expect(try await isSignedIn(flow))
            }
            let page = try await flow.browser.open(uri(["client_id": "app", "post_logout_redirect_uri": Self.goodbye, "state": "s"]))
            #expect(page.headers[.contentSecurityPolicy]?.contains("form-action 'self' https://app.example;") == true)
            let stayed = try await flow.browser.submit("sign-out-form", of: page, [("decision", "stay")])
            #expect(stayed.shows("home-page"))
            #expect(try await isSignedIn(flow))
            let gone = try await flow.browser.submit("sign-out-form", of: page, [("decision", "sign_out")])
            #expect(gone.location == Self.goodbye + "?state=s")
            #expect(try await !isSignedIn(flow))
        }
    }

    @Test func `nothing but a registered address leads back`() async throws {
        try await TestServer.run { server in
            let (flow, _, hint) = try await signedIn(server)
            try await server.addClient("shop", metadata: ["post_logout_redirect_uris": ["https://shop.example/goodbye"]])
            let badURIs = [
                "https://attacker.example/", Self.goodbye + "?added=1", Self.goodbye + "/", Self.goodbye + "#x",
                "https://app.example/callback",
                "https://shop.example/goodbye", "javascript:alert(1)", "//app.example/goodbye", "HTTPS://app.example/goodbye",
            ]
            for bad in badURIs {
                let answer = try await flow.browser.open(uri(["id_token_hint": hint, "post_logout_redirect_uri": bad, "state": "s"]))
                #expect(answer.isErrorPage, "\(bad)")
                #expect(try await flow.browser.open(uri(["client_id": "app", "post_logout_redirect_uri": bad])).isErrorPage)
            }
            let requests: [[String: String?]] = [
                // Whose address it would be is not said.
                ["post_logout_redirect_uri": Self.goodbye], ["post_logout_redirect_uri": Self.goodbye, "state": "s"],
                ["client_id": "unknown", "post_logout_redirect_uri": Self.goodbye], ["client_id": "unknown"],
                ["id_token_hint": hint, "client_id": "shop", "post_logout_redirect_uri": "https://shop.example/goodbye"],
            ]
            for request in requests { #expect(try await flow.browser.open(uri(request)).isErrorPage, "\(request)") }
            #expect(try await isSignedIn(flow))
            // Nor for somebody who isn't signed in.
            for request in requests { #expect(try await TestBrowser(server).open(uri(request)).isErrorPage, "\(request)") }
        }
    }

    @Test func `a hint that we did not sign is refused, and nobody is signed out by it`() async throws {
        try await TestServer.run { server in
            let (flow, tokens, hint) = try await signedIn(server)
            let foreign = try await TestServer.run { other in
                try await other.addUser()
                try await other.addClient()
                return try await TestFlow(other).tokens(scope: "openid")["id_token"]?.string ?? ""
            }
            let access = try #require(tokens["access_token"]?.string)
            for bad in PromptTests.forgeries(of: hint) + [foreign, access, "x", "..", "\u{e9}"] {
                let answer = try await flow.browser.open(uri(["id_token_hint": bad, "post_logout_redirect_uri": Self.goodbye]))
                #expect(answer.isErrorPage)
                #expect(try await flow.browser.open(flow.authorizeURI(["id_token_hint": bad])).errorAtClient() == "invalid_request")
            }
            #expect(try await isSignedIn(flow))
        }
    }

    @Test func `the answer to the question must be this person's`() async throws {
        try await TestServer.run { server in
            let (flow, _, _) = try await signedIn(server)
            let page = try await flow.browser.open(uri(["client_id": "app"]))
            let fields = try #require(TestForm(id: "sign-out-form", in: page.text)).hidden
            for headers in ForeignForms.headers {
                #expect(try await flow.browser.exchange(.post, "/oauth2/logout/confirm", fields, headers: headers).status == .forbidden)
            }
            let without = fields.filter { $0.0 != "csrf_token" }
            for token in [[], [("csrf_token", "wrong")]] {
                #expect(try await flow.browser.exchange(.post, "/oauth2/logout/confirm", without + token).shows("sign-out-form"))
            }
            #expect(try await isSignedIn(flow))
            #expect(try await flow.browser.submit("sign-out-form", of: page).shows("signed-out-page"))
            // Again, after the fact.
            #expect(try await flow.browser.submit("sign-out-form", of: page).shows("signed-out-page"))
        }
    }

    @Test func `spoiled requests`() async throws {
        try await TestServer.run { server in
            let (flow, _, hint) = try await signedIn(server)
            let good = [
                ("id_token_hint", hint), ("client_id", "app"), ("post_logout_redirect_uri", Self.goodbye), ("state", "s"),
                ("logout_hint", "ada"), ("ui_locales", "en"),
            ]
            let before = try await TestRowStore(server.database).counts()
            let names = good.map(\.0)
            for input in BadInput.all(of: good, spoiling: names, bytesMax: 32_768) {
                let answer = try await flow.browser.exchange(.get, "/oauth2/logout?" + input.encoded)
                #expect(answer.isErrorPage, "\(input): \(answer.status) \(answer.location ?? "")")
            }
            for input in BadInput.all(of: good, spoiling: names, bytesMax: 65_536) {
                for path in ["/oauth2/logout", "/oauth2/logout/confirm"] {
                    #expect(try await flow.browser.post(path, encoded: input.encoded).isErrorPage, "\(path) \(input)")
                }
            }
            let padding = Parameters.encode([("padding", String(repeating: "a", count: 65_536))])
            #expect(try await flow.browser.post("/oauth2/logout", encoded: padding).status == .contentTooLarge)
            #expect(try await flow.browser.exchange(.get, "/oauth2/logout?" + padding).isErrorPage)
            #expect(try await TestRowStore(server.database).counts() == before)
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
        }
    }
}
