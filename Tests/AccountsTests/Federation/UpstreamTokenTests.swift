import FoundationEssentials
import OAuthProtocol
import Outbound
import Runtime
import TestKit
import Testing

@testable import Accounts

/// Providers' tokens, renewed by many at once.
@Suite struct UpstreamTokenTests {
    private static func run(
        _ body: @escaping @Sendable (TestServer, TestProvider, User) async throws -> Void
    ) async throws {
        try await FederationSignInTests.run(change: { $0.tokenClients = ["app"] }) { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            let user = try #require(try await UserStore(server.database).find(login: "ada@idp.example"))
            server.clock.advance(by: .seconds(3_600))
            try await body(server, provider, user)
        }
    }

    @Test func `a refresh token is presented once, however many ask`() async throws {
        try await Self.run { server, provider, user in
            let source = server.wiring.federation.tokens
            let tokens = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<10 {
                    group.addTask { try await source.fresh(userID: user.id, providerID: "corp", now: server.clock.now)?.accessToken }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(tokens == Array(repeating: "fresh-access", count: 10))
            #expect(provider.requests.filter { $0.path == "/token" }.count == 2)
        }
    }

    @Test func `nothing is given of a provider whose settings have ceased to ask for tokens`() async throws {
        try await FederationSignInTests.run(change: { $0.tokenClients = ["app"] }) { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            let user = try #require(try await UserStore(server.database).find(login: "ada@idp.example"))
            let source = server.wiring.federation.tokens
            #expect(try await source.fresh(userID: user.id, providerID: "corp", now: server.clock.now) != nil)
            try await server.declare(provider.declaration("corp"))
            #expect(try await TestRowStore(server.database).count("upstream_tokens") == 1)
            #expect(try await source.fresh(userID: user.id, providerID: "corp", now: server.clock.now) == nil)
        }
    }

    @Test func `a refusal ends what is stored`() async throws {
        try await Self.run { server, provider, user async throws in
            provider.bend { $0.answers["/token"] = { _ in TestProvider.json(["error": "invalid_grant"], status: 400) } }
            let source = server.wiring.federation.tokens
            #expect(try await source.fresh(userID: user.id, providerID: "corp", now: server.clock.now) == nil)
            #expect(try await TestRowStore(server.database).count("upstream_tokens") == 0)
        }
    }

    @Test func `what another node has stored meanwhile stays`() async throws {
        try await Self.run { server, provider, user in
            let store = UpstreamTokenStore(server.database, masterKeys: server.wiring.parts.masterKeys)
            let (id, held) = try #require(try await store.find(userID: user.id, providerID: "corp"))
            var newer = held
            newer.accessToken = "of-another-node"
            newer.storedAt = server.clock.now
            newer.expiresAt = server.clock.now + .seconds(3_600)
            let other = newer
            provider.bend {
                $0.answers["/token"] = { _ in
                    try await store.put(other, for: id, randomness: server.wiring.parts.randomness)
                    return TestProvider.json(["error": "invalid_grant"], status: 400)
                }
            }
            let source = server.wiring.federation.tokens
            let found = try await source.fresh(userID: user.id, providerID: "corp", now: server.clock.now)
            #expect(found?.accessToken == "of-another-node")
        }
    }
}
