import FoundationEssentials
import HTTPTypes
import OAuthProtocol
import Runtime
import TestKit
import Testing

@testable import OAuth

@Suite struct ConsentTests {
    @Test func `consent is remembered for what was allowed, and by this person for this client`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addUser("grace")
            try await server.addClient()
            try await server.addClient("shop", metadata: ["redirect_uris": ["https://shop.example/callback"]])
            let flow = TestFlow(server)
            #expect(try await flow.authorize(scope: "openid email").codeAtClient() != nil)
            for scope in ["openid email", "openid", "email openid", "email"] {
                #expect(try await flow.browser.open(flow.authorizeURI(scope: scope)).codeAtClient() != nil)
            }
            #expect(try await flow.browser.open(flow.authorizeURI(scope: "openid profile")).shows("consent-form"))
            #expect(try await flow.authorize(scope: "openid profile").codeAtClient() != nil)
            // What was allowed before still is.
            #expect(try await flow.browser.open(flow.authorizeURI(scope: "openid email profile")).codeAtClient() != nil)
            var shop = TestFlow(server, browser: flow.browser)
            shop.clientID = "shop"
            shop.redirectURI = "https://shop.example/callback"
            #expect(try await shop.browser.open(shop.authorizeURI()).shows("consent-form"))
            var grace = TestFlow(server)
            grace.username = "grace"
            let page = try await grace.browser.open(grace.authorizeURI(scope: "openid email"))
            let next = try await grace.browser.submit("sign-in-form", of: page, [("username", "grace"), ("password", grace.password)])
            #expect(next.shows("consent-form"))
        }
    }

    @Test func `the page says who asks, for what, as whom, and where it leads`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient(metadata: [
                "client_name": "Ink & <Paper>", "logo_uri": "https://cdn.example/logo.png", "policy_uri": "https://app.example/privacy",
                "tos_uri": "https://app.example/terms", "client_uri": "https://app.example/",
            ])
            let flow = TestFlow(server)
            let signIn = try await flow.browser.open(flow.authorizeURI(scope: "openid notes:read"))
            for page in [
                signIn, try await flow.browser.submit("sign-in-form", of: signIn, [("username", "ada"), ("password", flow.password)]),
            ] {
                #expect(page.text.contains("Ink &amp; &lt;Paper&gt;") && !page.text.contains("<Paper>"))
                for link in [
                    "src=\"https://cdn.example/logo.png\"", "href=\"https://app.example/privacy\"", "href=\"https://app.example/terms\"",
                ] {
                    #expect(page.text.contains(link))
                }
                let policy = try #require(page.headers[.contentSecurityPolicy])
                #expect(policy.contains("img-src 'self' data: https://cdn.example;"))
                #expect(policy.contains("form-action 'self' https://app.example;"))
                #expect(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"))
                #expect(page.headers[.cacheControl] == "no-store")
                #expect(page.headers[values: .xContentTypeOptions] == ["nosniff"])
            }
            let consent = try await flow.browser.open(flow.authorizeURI(scope: "openid notes:read"))
            for text in ["Read your notes", "Ada Lovelace", "ada@example.org", "app.example", "id=\"allow-button\"", "id=\"deny-button\""] {
                #expect(consent.text.contains(text), "\(text)")
            }
            #expect(!consent.text.contains("unverified-note"))
        }
    }

    @Test func `a person who denies is believed, and nothing is kept`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let page = try await flow.browser.open(flow.authorizeURI())
            let consent = try await flow.browser.submit("sign-in-form", of: page, [("username", "ada"), ("password", flow.password)])
            let answer = try await flow.browser.submit("consent-form", of: consent, [("decision", "deny")])
            #expect(answer.errorAtClient() == "access_denied")
            let counts = try await TestRowStore(server.database).counts()
            #expect(counts["grants"] == 0 && counts["consents"] == 0 && counts["authorization_requests"] == 0)
            #expect(try await TestRowStore(server.database).events().last == "consent.denied")
            #expect(try await flow.browser.open(flow.authorizeURI()).shows("consent-form"))
        }
    }

    @Test func `the operator may have answered for everyone`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient { $0.consent = .implicit }
            let flow = TestFlow(server)
            let page = try await flow.browser.open(flow.authorizeURI(scope: "openid profile email"))
            let answer = try await flow.browser.submit("sign-in-form", of: page, [("username", "ada"), ("password", flow.password)])
            #expect(answer.codeAtClient() != nil)
            #expect(try await TestRowStore(server.database).count("consents") == 0)
        }
    }

    /// RFC 8252 §8.6.
    @Test(arguments: [
        "http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost:4000/callback", "com.example.app:/callback",
    ])
    func `consent is never remembered for a public client that another could stand in for`(redirect: String) async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient(
                secret: nil, metadata: ["redirect_uris": [.string(redirect)], "application_type": "native"])
            var flow = TestFlow(server)
            flow.secret = nil
            flow.redirectURI = redirect
            #expect(try await flow.authorize().codeAtClient(redirect) != nil)
            let again = try await flow.browser.open(flow.authorizeURI())
            #expect(again.shows("consent-form"))
            #expect(!again.text.contains("asked for this again"))
            #expect(try await flow.browser.open(flow.authorizeURI(["prompt": "none"])).errorAtClient(redirect) == "consent_required")
            #expect(try await TestRowStore(server.database).count("consents") == 0)
        }
    }

    @Test func `nor for a client that registered itself, which the page says`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.database.transaction { transaction in
                let metadata = try ClientMetadata(
                    registering: ["client_name": "Stranger", "redirect_uris": ["https://app.example/callback"]], policy: .declared)
                var client = Client(
                    id: "app", metadata: metadata, origin: .registered, scopes: ScopeSet(["openid"]), now: server.clock.now)
                client.secretHash = .init(of: "app-secret")
                try await ClientStore(transaction).insert(client)
            }
            let flow = TestFlow(server)
            #expect(try await flow.authorize().codeAtClient() != nil)
            let again = try await flow.browser.open(flow.authorizeURI())
            #expect(again.shows("consent-form") && again.shows("unverified-note"))
            #expect(try await TestRowStore(server.database).count("consents") == 0)
        }
    }

    @Test func `a public client on the web is remembered`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient(secret: nil)
            var flow = TestFlow(server)
            flow.secret = nil
            _ = try await flow.authorize()
            #expect(try await flow.browser.open(flow.authorizeURI(["prompt": "none"])).codeAtClient() != nil)
        }
    }
}
