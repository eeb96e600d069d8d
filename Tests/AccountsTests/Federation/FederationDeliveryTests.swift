import Accounts
import FoundationEssentials
import HummingbirdTesting
import OAuthProtocol
import TestKit
import Testing

/// Answers that come as a form from the provider's site (OAuth 2.0 Form Post Response Mode): anybody can send one.
@Suite struct FederationDeliveryTests {
    private static func isDelivered(_ server: TestServer) async throws -> Bool {
        try await server.database.first("select delivery is not null from federation_flows") { try $0.bool(0) } ?? false
    }

    @Test func `a form at the address of another provider is kept by nobody`() async throws {
        try await FederationSignInTests.run(change: { $0.responseMode = .formPost }) { server, provider, _ in
            try await server.declare(provider.declaration("another"))
            let there = try await TestBrowser(server).open("/sign-in/with/corp")
            let state = try #require(there.locationParameter("state"))
            let posted = try await TestBrowser(server).exchange(
                .post, "/sign-in/callback/another", [("state", state), ("code", "x")])
            #expect(posted.isErrorPage)
            #expect(try await Self.isDelivered(server) == false)
        }
    }

    @Test func `the first form counts, and what it brought is sealed`() async throws {
        try await FederationSignInTests.run(change: { $0.responseMode = .formPost }) { server, provider, _ in
            let browser = TestBrowser(server)
            let there = try await browser.open("/sign-in/with/corp")
            let back = try TestProvider.query(of: try provider.authorize(there.location)).pairs.map { ($0.name, $0.value) }
            let posted = try await TestBrowser(server).exchange(.post, "/sign-in/callback/corp", back)
            #expect(try await Self.isDelivered(server))
            let kept = try #require(try await server.database.first("select delivery from federation_flows") { try $0.bytes(0) })
            #expect(String(decoding: kept, as: UTF8.self).firstRange(of: "code-1") == nil)
            // Whoever has seen the state puts a code of their own behind it.
            let state = try #require(there.locationParameter("state"))
            _ = try await TestBrowser(server).exchange(.post, "/sign-in/callback/corp", [("state", state), ("code", "of-mallory")])
            #expect(try await browser.open(try #require(posted.location)).text.contains("Ada Lovelace"))
        }
    }
}
