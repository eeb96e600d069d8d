import Audit
import FoundationEssentials
import OAuthProtocol
import TestKit
import Testing

@testable import Accounts

/// Kept tokens of a provider are erased, and each time it is on record.
@Suite struct UpstreamTokenErasureTests {
    private static func events(_ server: TestServer) async throws -> [JSONValue] {
        try await server.database.all(
            "select detail::text, user_id from audit_events where kind = 'upstream_token.erased' order by occurred_at, id"
        ) { row in
            var members = try JSONValue(parsing: Array(try row.text(0).utf8)).object ?? [:]
            members["user"] = try row.optionalUUID(1).map { .string($0.uuidString.lowercased()) }
            return .object(members)
        }
    }

    /// Somebody whose tokens are kept.
    private static func run(
        _ body: @escaping @Sendable (TestServer, TestProvider, User) async throws -> Void
    ) async throws {
        try await FederationSignInTests.run(change: { $0.tokenClients = ["app"] }) { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(try await TestRowStore(server.database).count("upstream_tokens") == 1)
            let user = try #require(try await UserStore(server.database).find(login: "ada@idp.example"))
            try await body(server, provider, user)
            #expect(try await TestRowStore(server.database).count("upstream_tokens") == 0)
        }
    }

    private static func name(_ user: User) -> JSONValue { .string(user.id.uuidString.lowercased()) }

    @Test func `with the identity that is unlinked, once it is`() async throws {
        try await Self.run { server, _, user in
            let identity = try #require(try await FederationStore(server.database).list(of: user.id).first)
            let links = server.wiring.federation.links
            // The last way to sign in stays, and so do the tokens.
            #expect(try await links.unlink(identity.id, of: user.id, address: "192.0.2.1", now: server.clock.now) == .lastWayToSignIn)
            #expect(try await TestRowStore(server.database).count("upstream_tokens") == 1)
            #expect(try await Self.events(server) == [])
            var changed = user
            changed.passwordHash = try await server.wiring.hasher.hash("analytical-engine")
            try await UserStore(server.database).update(changed, now: server.clock.now)
            #expect(try await links.unlink(identity.id, of: user.id, address: "192.0.2.1", now: server.clock.now) == .unlinked)
            #expect(
                try await Self.events(server) == [["provider": "corp", "reason": "identity unlinked", "user": Self.name(user)]])
        }
    }

    @Test func `at the sign-in after the settings have ceased to ask for them`() async throws {
        try await Self.run { server, provider, user in
            try await server.declare(provider.declaration("corp"))
            for _ in 0..<2 { _ = try await server.signIn(with: provider, browser: TestBrowser(server)) }
            #expect(try await Self.events(server) == [["provider": "corp", "reason": "settings", "user": Self.name(user)]])
        }
    }

    @Test func `when the provider takes them back`() async throws {
        try await Self.run { server, provider, user async throws in
            server.clock.advance(by: .seconds(3_600))
            provider.bend { $0.answers["/token"] = { _ in TestProvider.json(["error": "invalid_grant"], status: 400) } }
            let source = server.wiring.federation.tokens
            for _ in 0..<2 { #expect(try await source.fresh(userID: user.id, providerID: "corp", now: server.clock.now) == nil) }
            #expect(try await Self.events(server) == [["provider": "corp", "reason": "refused by provider", "user": Self.name(user)]])
        }
    }

    @Test func `an identity without any leaves no such event`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            for _ in 0..<2 { _ = try await server.signIn(with: provider, browser: TestBrowser(server)) }
            #expect(try await Self.events(server) == [])
        }
    }
}
