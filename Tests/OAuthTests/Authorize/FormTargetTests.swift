import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import TestKit
import Testing

@testable import OAuth

/// Where forms of our pages may lead (`form-action`): Chromium holds every redirect that follows a form against it, so an application whose
/// callback sends the browser on to another of its origins needs that one named, too.
@Suite struct FormTargetTests {
    private static func targets(_ page: TestResponse) -> [String] {
        let policy = page.headers[.contentSecurityPolicy] ?? ""
        let directive = policy.split(separator: ";").first { $0.contains("form-action") } ?? ""
        return directive.split(separator: " ").dropFirst().map(String.init)
    }

    @Test func `every page on the way names all that the client has registered, the redirect first`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient(metadata: [
                "redirect_uris": ["https://other.example/callback", "https://app.example/callback"],
                "post_logout_redirect_uris": ["https://bye.example/"], "client_uri": "https://www.example/about",
                "initiate_login_uri": "https://start.example/login",
            ]) { $0.allowedOrigins = ["https://spa.example:8443"] }
            let expected = [
                "'self'", "https://app.example", "https://other.example", "https://bye.example", "https://www.example",
                "https://start.example", "https://spa.example:8443",
            ]
            let flow = TestFlow(server)
            let signIn = try await flow.browser.open(flow.authorizeURI(["response_mode": "form_post"]))
            #expect(Self.targets(signIn) == expected)
            let consent = try await flow.browser.submit(
                "sign-in-form", of: signIn, [("username", flow.username), ("password", flow.password)])
            #expect(consent.text.contains("consent-form"))
            #expect(Self.targets(consent) == expected)
            let answer = try await flow.browser.submit("consent-form", of: consent, [("decision", "allow")])
            #expect(answer.text.contains("name=\"code\""))
            #expect(Self.targets(answer) == expected)
            let signOut = try await flow.browser.open(
                "/oauth2/logout?client_id=app&post_logout_redirect_uri=https%3A%2F%2Fbye.example%2F")
            #expect(Set(Self.targets(signOut)) == Set(expected) && Self.targets(signOut)[1] == "https://bye.example")
        }
    }

    @Test func `of a client with many addresses sixteen are named, and never a dangerous scheme`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient { $0.allowedOrigins = (0..<40).map { "https://a\($0).example" } + ["javascript:"] }
            let flow = TestFlow(server)
            let targets = Self.targets(try await flow.browser.open(flow.authorizeURI()))
            #expect(targets.prefix(2) == ["'self'", "https://app.example"])
            #expect(targets.count == 17)
            #expect(!targets.contains("javascript:"))
        }
    }

    @Test func `pages that lead to no client name nobody`() async throws {
        try await TestServer.run { server in
            let page = try await TestBrowser(server).open("/sign-in")
            #expect(Self.targets(page) == ["'self'"])
        }
    }
}
