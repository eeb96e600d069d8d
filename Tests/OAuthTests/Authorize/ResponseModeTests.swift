import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import TestKit
import Testing

@testable import OAuth

/// How requests and answers travel: form_post, and authorization by POST.
@Suite struct ResponseModeTests {
    @Test(arguments: ["popup", "page", "unheard-of"])
    func `pages in a popup are not cut off from the window that waits for them, all others are`(display: String) async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let name = try #require(HTTPField.Name("Cross-Origin-Opener-Policy"))
            let expected = display == "popup" ? nil : "same-origin"
            let signIn = try await flow.browser.open(flow.authorizeURI(["display": display, "response_mode": "form_post"]))
            #expect(signIn.text.contains("sign-in-form"))
            #expect(signIn.headers[name] == expected)
            let consent = try await flow.browser.submit(
                "sign-in-form", of: signIn, [("username", flow.username), ("password", flow.password)])
            #expect(consent.text.contains("consent-form"))
            #expect(consent.headers[name] == expected)
            let answer = try await flow.browser.submit("consent-form", of: consent, [("decision", "allow")])
            #expect(answer.text.contains("name=\"code\""))
            #expect(answer.headers[name] == expected)
        }
    }

    @Test func `form_post answers with a form to the proven redirect and nowhere else`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient(metadata: ["redirect_uris": ["https://app.example/callback?a=1&b=2"]])
            var flow = TestFlow(server)
            flow.redirectURI = "https://app.example/callback?a=1&b=2"
            let state = "\"><script>alert(1)</script>&é"
            let page = try await flow.authorize(["response_mode": "form_post", "state": state])
            #expect(page.status == .ok && page.headers[.cacheControl] == "no-store")
            let form = try #require(TestForm(id: "form-post-form", in: page.text))
            #expect(form.action == flow.redirectURI)
            let fields = Dictionary(uniqueKeysWithValues: form.hidden)
            #expect(Set(fields.keys) == ["code", "state", "iss"])
            #expect(fields["state"] == state)
            #expect(fields["iss"] == TestServer.issuer)
            #expect(!page.text.contains("<script>alert"))
            let policy = try #require(page.headers[.contentSecurityPolicy])
            #expect(policy.contains("form-action 'self' https://app.example;") && policy.contains("script-src 'self';"))
            #expect(!policy.contains("unsafe"))
            #expect(try await flow.redeem(fields["code"] ?? "").status == .ok)
        }
    }

    @Test func `form_post tells errors the same way, and pages stay pages`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let flow = TestFlow(server)
            let page = try await flow.browser.open(flow.authorizeURI(["response_mode": "form_post", "prompt": "none"]))
            let fields = Dictionary(uniqueKeysWithValues: try #require(TestForm(id: "form-post-form", in: page.text)).hidden)
            #expect(fields["error"] == "login_required" && fields["state"] == "a state" && fields["iss"] == TestServer.issuer)
            #expect(
                try await flow.browser.open(flow.authorizeURI(["response_mode": "form_post", "redirect_uri": "https://attacker.example/"]))
                    .isErrorPage)
        }
    }

    @Test func `the query mode by name is the default, fragment is refused by query`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            #expect(try await flow.authorize(["response_mode": "query"]).codeAtClient() != nil)
            let refused = try await flow.authorize(["response_mode": "fragment"])
            #expect(refused.errorAtClient() == "invalid_request")
            #expect(refused.location?.contains("#") == false)
        }
    }

    @Test func `a request by POST is stored and goes on by GET in the browser that sent it`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            // As a browser sends it from another site: without our cookies.
            let fields = try Parameters(urlEncoded: flow.authorizeURI().split(separator: "?")[1].utf8).pairs.map { ($0.name, $0.value) }
            let stored = try await server.post("/oauth2/authorize", fields, headers: Self.crossSite)
            #expect(stored.status == .seeOther && stored.headers[.setCookie] == nil)
            let address = try #require(stored.location)
            #expect(address.hasPrefix("/oauth2/authorize/continue?request="))
            let page = try await flow.browser.open(address)
            #expect(page.shows("sign-in-form"))
            // It belongs to the first browser that asks.
            #expect(try await TestBrowser(server).open(address).isErrorPage)
            let consent = try await flow.browser.submit("sign-in-form", of: page, [("username", "ada"), ("password", "analytical-engine")])
            let answer = try await flow.browser.submit("consent-form", of: consent, [("decision", "allow")])
            #expect(try await flow.identity(from: answer)["sub"]?.string != nil)
            // With a session nothing is asked.
            let second = try await server.post("/oauth2/authorize", fields + [("prompt", "none")], headers: Self.crossSite)
            #expect(try await flow.browser.open(try #require(second.location)).codeAtClient() != nil)
            #expect(try await TestRowStore(server.database).count("authorization_requests") == 0)
        }
    }

    @Test func `a bad request by POST is refused at once and not stored`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let flow = TestFlow(server)
            func post(_ changes: [String: String?]) async throws -> TestResponse {
                let fields = try Parameters(urlEncoded: flow.authorizeURI(changes).split(separator: "?")[1].utf8).pairs
                return try await server.post("/oauth2/authorize", fields.map { ($0.name, $0.value) }, headers: Self.crossSite)
            }
            #expect(try await post(["response_type": nil]).errorAtClient() == "invalid_request")
            #expect(try await post(["redirect_uri": "https://attacker.example/"]).isErrorPage)
            #expect(try await post(["client_id": nil]).isErrorPage)
            let wrongType = try await server.send(
                .post, "/oauth2/authorize", headers: [.contentType: "application/json"], body: Array("{}".utf8))
            #expect(wrongType.isErrorPage)
            let large = try await server.post("/oauth2/authorize", [("client_id", String(repeating: "a", count: 65_536))])
            #expect(large.status == .contentTooLarge && large.shows("error-page"))
            #expect(try await TestRowStore(server.database).count("authorization_requests") == 0)
        }
    }

    private static let crossSite: HTTPFields = {
        var fields: HTTPFields = [.origin: "https://app.example"]
        if let name = HTTPField.Name("Sec-Fetch-Site") { fields[name] = "cross-site" }
        return fields
    }()
}
