import FoundationEssentials
import GatehouseClient
import OAuthProtocol
import TestKit
import Testing

/// Tokens of the real server: validated here, and taken there.
@Suite struct IntrospectionTests {
    private func refusal(_ work: () async throws -> GatehouseCaller) async throws -> GatehouseRefusal? {
        do {
            _ = try await work()
            return nil
        } catch GatehouseError.refused(let refusal) {
            return refusal
        }
    }

    @Test func `what the server issues holds both ways`() async throws {
        try await LiveServer.run { live in
            let token = try await live.server.clientToken(scope: "notes:read")
            let client = try live.client()
            let validated = try await client.authenticate(token: token)
            #expect(validated.subject == "app")
            #expect(validated.kind == .client)
            #expect(validated.scopes == ["notes:read"])
            #expect(try await client.introspect(token) == validated)
        }
    }

    @Test func `a person's token says who the person is`() async throws {
        try await LiveServer.run { live in
            let user = try await live.server.addUser { $0.roles = ["admin"] }
            let tokens = try await TestFlow(live.server).tokens(scope: "openid notes:read offline_access")
            let client = try live.client()
            let caller = try await client.authenticate(token: tokens.text("access_token"))
            #expect(caller.kind == .person)
            #expect(caller.subject == user.id.uuidString.lowercased())
            #expect(caller.clientID == "app")
            #expect(caller.roles == ["admin"])
            #expect(try await client.introspect(tokens.text("access_token")) == caller)
            // Other tokens of the same sign-in open nothing.
            #expect(try await refusal { try await client.authenticate(token: tokens.text("id_token")) } == .wrongType)
            #expect(try await refusal { try await client.introspect(tokens.text("id_token")) } == .inactive)
            let app = try live.client(.clientSecret(id: "app", secret: "app-secret"))
            #expect(try await refusal { try await app.introspect(tokens.text("refresh_token")) } == .wrongAudience)
        }
    }

    @Test func `a token for another service, and one that has ended, are refused`() async throws {
        try await LiveServer.run { live in
            let token = try await live.server.clientToken(scope: "notes:read")
            let other = try live.client(audience: "https://other.example")
            #expect(try await refusal { try await other.authenticate(token: token) } == .wrongAudience)
            #expect(try await refusal { try await other.introspect(token) } == .wrongAudience)
            let client = try live.client()
            live.clock.advance(by: .seconds(3_609))
            #expect(try await refusal { try await client.authenticate(token: token) } == nil)
            live.clock.advance(by: .seconds(1))
            #expect(try await refusal { try await client.authenticate(token: token) } == .expired)
            #expect(try await refusal { try await client.introspect(token) } == .inactive)
        }
    }

    @Test func `introspection hears of a revocation when its word has grown old`() async throws {
        try await LiveServer.run { live in
            let token = try await live.server.clientToken(scope: "notes:read")
            let client = try live.client()
            #expect(try await refusal { try await client.introspect(token) } == nil)
            try await live.server.revoke(token)
            #expect(try await refusal { try await client.introspect(token) } == nil)
            live.clock.advance(by: .seconds(5))
            #expect(try await refusal { try await client.introspect(token) } == .inactive)
        }
    }

    @Test func `an answer of introspection is judged as a token is`() async throws {
        try await ForeignIssuer.run { server in
            let client = try server.client(.clientSecret(id: "notes", secret: "notes-secret")) { $0.cacheAgeMax = .zero }
            let now = Int64(server.clock.now.timeIntervalSince1970)
            let cases: [([String: JSONValue?], GatehouseRefusal?)] = [
                (["active": true], nil), (["active": nil], .inactive), (["active": "true"], .inactive),
                (["active": true, "iss": nil], .wrongIssuer), (["active": true, "iss": "https://evil.example"], .wrongIssuer),
                (["active": true, "aud": nil], .wrongAudience), (["active": true, "aud": "https://other.example"], .wrongAudience),
                (["active": true, "exp": .int(now)], .expired), (["active": true, "cnf": ["x5t#S256": "x"]], .wrongBinding),
                (["active": true, "jti": nil], .wrongClaim),
            ]
            for (changes, expected) in cases {
                server.answer("/introspect", .init(body: server.claims(changes)))
                #expect(try await refusal { try await client.introspect("token") } == expected, "\(changes)")
            }
            for bad in ["", "a b", "a\nb", String(repeating: "a", count: 20_000)] {
                #expect(try await refusal { try await client.introspect(bad) } != nil)
            }
        }
    }
}
