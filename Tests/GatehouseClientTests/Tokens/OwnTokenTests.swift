import FoundationEssentials
import GatehouseClient
import OAuthProtocol
import TestKit
import Testing

/// Tokens that a service gets for itself.
@Suite struct OwnTokenTests {
    private static let credentials = GatehouseCredentials.clientToken(id: "notes", secret: "notes-secret")

    private func grant(_ text: String, expiresIn: Int = 300) -> ForeignIssuer.Answer {
        .init(body: ["access_token": .string(text), "token_type": "Bearer", "expires_in": .int(Int64(expiresIn)), "scope": "notes:read"])
    }

    @Test func `a token is kept until shortly before its end`() async throws {
        try await ForeignIssuer.run { server in
            server.answer("/token", grant("one"))
            let client = try server.client(Self.credentials)
            #expect(try await client.token().text == "one")
            server.answer("/token", grant("two"))
            server.clock.advance(by: .seconds(269))
            #expect(try await client.token().text == "one")
            server.clock.advance(by: .seconds(1))
            #expect(try await client.token().text == "two")
            #expect(server.count("/token") == 2)
        }
    }

    @Test func `whoever asks at the same time shares one request`() async throws {
        try await ForeignIssuer.run { server in
            server.answer("/token", grant("one"))
            let client = try server.client(Self.credentials)
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<50 { group.addTask { try await client.token(scopes: ["notes:read"]).text } }
                for try await text in group { #expect(text == "one") }
            }
            #expect(server.count("/token") == 1)
            // Another wish is another token.
            _ = try await client.token(scopes: ["notes:write"])
            _ = try await client.token(scopes: ["notes:read"], for: "https://other.example")
            #expect(server.count("/token") == 3)
            #expect(server.request("/token")?.body.contains("resource=https%3A%2F%2Fother.example") == true)
        }
    }

    @Test func `a failure is not kept`() async throws {
        try await ForeignIssuer.run { server in
            server.answer("/token", .init(body: ["error": "invalid_scope"], status: 400))
            let client = try server.client(Self.credentials)
            await #expect(throws: GatehouseError.rejected(code: "invalid_scope", status: 400)) { try await client.token() }
            server.answer("/token", grant("one"))
            #expect(try await client.token().text == "one")
        }
    }

    @Test func `a token of another type, or without an end, is not used`() async throws {
        try await ForeignIssuer.run { server in
            let client = try server.client(Self.credentials)
            for body: JSONValue in [
                ["access_token": "x", "token_type": "DPoP", "expires_in": 60], ["access_token": "x", "token_type": "Bearer"],
                ["access_token": "", "token_type": "Bearer", "expires_in": 60],
                ["access_token": "x", "token_type": "Bearer", "expires_in": 0],
            ] {
                server.answer("/token", .init(body: body))
                await #expect(throws: GatehouseError.unavailable("a token that can't be used")) { try await client.token() }
            }
        }
    }

    @Test func `a token that the server no longer takes is replaced once`() async throws {
        try await ForeignIssuer.run { server in
            server.answer("/token", grant("one"))
            server.answer("/introspect", .init(body: server.claims(["active": true])))
            let client = try server.client(Self.credentials) { $0.cacheAgeMax = .zero }
            _ = try await client.introspect("token")
            server.behave("/introspect", .status(401), .good)
            server.answer("/token", grant("two"))
            _ = try await client.introspect("token")
            #expect(server.request("/introspect")?.headers[.authorization] == "Bearer two")
            server.behave("/introspect", .status(401))
            await #expect(throws: GatehouseError.rejected(code: "unknown", status: 401)) { try await client.introspect("token") }
        }
    }

    @Test func `the server issues them, and they hold`() async throws {
        try await LiveServer.run { live in
            let client = try live.client(.clientSecret(id: "notes", secret: "notes-secret"))
            let token = try await client.token(scopes: ["notes:read"])
            #expect(token.scopes == ["notes:read"])
            #expect(token.expiresAt == live.clock.now.addingTimeInterval(3_600))
            #expect(try await client.authenticate(token: token.text).subject == "notes")
        }
    }

    @Test func `an API key is exchanged for a short token`() async throws {
        try await LiveServer.run { live in
            let issued = try await live.issueKey()
            let client = try live.client(.none)
            let token = try await client.exchange(apiKey: issued.key)
            #expect(token.expiresAt <= live.clock.now.addingTimeInterval(300))
            #expect(try await client.authenticate(token: token.text).scopes == ["notes:read"])
            await #expect(throws: GatehouseError.rejected(code: "invalid_scope", status: 400)) {
                try await client.exchange(apiKey: issued.key, scopes: ["notes:write"])
            }
            try await live.revokeKey(issued.id)
            await #expect(throws: GatehouseError.refused(.inactive)) { try await client.exchange(apiKey: issued.key) }
            await #expect(throws: GatehouseError.refused(.checksum)) { try await client.exchange(apiKey: issued.key + "0") }
        }
    }

    @Test func `a service whose credential is a key gets its tokens by exchange`() async throws {
        try await LiveServer.run { live in
            let own = try await live.issueKey()
            let client = try live.client(.apiKey(own.key))
            #expect(try await client.authenticate(token: client.token().text).subject == "notes")
        }
    }
}
