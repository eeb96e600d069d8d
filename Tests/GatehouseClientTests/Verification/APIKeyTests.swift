import FoundationEssentials
import GatehouseClient
import Guard
import OAuthProtocol
import TestKit
import Testing

/// API keys of the real server, as a service sees them.
@Suite struct APIKeyTests {
    private func refusal(_ client: GatehouseClient, _ key: String, address: String? = nil) async throws -> GatehouseRefusal? {
        do {
            _ = try await client.authenticate(apiKey: key, address: address)
            return nil
        } catch GatehouseError.refused(let refusal) {
            return refusal
        }
    }

    @Test func `a key says who calls`() async throws {
        try await LiveServer.run { live in
            let issued = try await live.issueKey(["expires_in": 3_600])
            let caller = try await live.client().authenticate(apiKey: issued.key)
            #expect(caller.proof == .apiKey)
            #expect(caller.subject == "notes")
            #expect(caller.kind == .client)
            #expect(caller.scopes == ["notes:read"])
            #expect(caller.credentialID == issued.id)
            #expect(caller.expiresAt == live.clock.now.addingTimeInterval(3_600))
        }
    }

    @Test func `a revoked key works for five seconds more, or not at all`() async throws {
        try await LiveServer.run { live in
            let issued = try await live.issueKey()
            let client = try live.client()
            let strict = try live.client { $0.cacheAgeMax = .zero }
            #expect(try await refusal(client, issued.key) == nil)
            #expect(try await refusal(strict, issued.key) == nil)
            try await live.revokeKey(issued.id)
            #expect(try await refusal(strict, issued.key) == .inactive)
            live.clock.advance(by: .milliseconds(4_999))
            #expect(try await refusal(client, issued.key) == nil)
            live.clock.advance(by: .milliseconds(1))
            #expect(try await refusal(client, issued.key) == .inactive)
        }
    }

    @Test func `a key ends on time, whatever is remembered of it`() async throws {
        try await LiveServer.run { live in
            let issued = try await live.issueKey(["expires_in": 3])
            let client = try live.client()
            #expect(try await refusal(client, issued.key) == nil)
            live.clock.advance(by: .seconds(3))
            #expect(try await refusal(client, issued.key) == .expired)
        }
    }

    @Test func `what is remembered of one address says nothing about another`() async throws {
        try await LiveServer.run { live in
            let issued = try await live.issueKey(["networks": ["192.0.2.0/24"]])
            let client = try live.client()
            #expect(try await refusal(client, issued.key, address: "192.0.2.7") == nil)
            #expect(try await refusal(client, issued.key, address: "198.51.100.1") == .inactive)
            #expect(try await refusal(client, issued.key) == .inactive)
        }
    }

    @Test func `a key for another service is not for this one`() async throws {
        try await LiveServer.run { live in
            let issued = try await live.issueKey(["audiences": ["https://other.example"]])
            #expect(try await refusal(try live.client(), issued.key) == .wrongAudience)
            let other = try live.client(audience: "https://other.example")
            #expect(try await refusal(other, issued.key) == nil)
        }
    }

    @Test func `only kinds that the service wants are taken`() async throws {
        try await LiveServer.run { live in
            let test = try await live.issueKey(["kind": "test"])
            #expect(try await refusal(try live.client(), test.key) == .wrongKind)
            #expect(try await refusal(try live.client { $0.acceptedKeyKinds = [.test] }, test.key) == nil)
        }
    }

    @Test func `a key that has used up its allowance is told apart`() async throws {
        try await LiveServer.run { live in
            let issued = try await live.issueKey(["rate_limit": ["burst": 1, "per_minute": 60]])
            let client = try live.client { $0.cacheAgeMax = .zero }
            #expect(try await refusal(client, issued.key) == nil)
            await #expect(throws: GatehouseError.rateLimited(retryAfter: .seconds(1))) { try await client.authenticate(apiKey: issued.key) }
        }
    }

    @Test func `the service may prove itself by a token or a key of its own`() async throws {
        try await LiveServer.run { live in
            let issued = try await live.issueKey()
            let own = try await live.issueKey(["scope": "introspect"])
            let byToken = try live.client(.clientToken(id: "notes", secret: "notes-secret"))
            let byKey = try live.client(.apiKey(own.key))
            for client in [byToken, byKey] {
                #expect(try await client.authenticate(apiKey: issued.key).credentialID == issued.id)
                #expect(try await client.introspect(issued.key).proof == .apiKey)
            }
        }
    }

    @Test func `a service that the server doesn't know hears so`() async throws {
        try await LiveServer.run { live in
            let issued = try await live.issueKey()
            for credentials in [
                GatehouseCredentials.clientSecret(id: "notes", secret: "wrong"), .clientToken(id: "notes", secret: "wrong"),
            ] {
                await #expect(throws: GatehouseError.rejected(code: "invalid_client", status: 401)) {
                    try await live.client(credentials).authenticate(apiKey: issued.key)
                }
            }
            await #expect(throws: GatehouseError.misconfigured("asking the server needs credentials")) {
                try await live.client(.none).authenticate(apiKey: issued.key)
            }
        }
    }

    // MARK: Without the server

    @Test func `a mistyped key costs no request`() async throws {
        try await ForeignIssuer.run { server in
            let client = try server.client(.clientSecret(id: "notes", secret: "notes-secret"))
            var seed: UInt8 = 0
            let good = APIKeyText(kind: .live) {
                seed &+= 7
                return seed
            }
            let cases: [(String, GatehouseRefusal)] = [
                (String(good.text.dropLast()), .checksum), (good.text + "0", .checksum), ("gh_live_", .checksum), ("", .malformed),
                ("gh_pub_\(good.text.dropFirst(8))", .checksum), ("some-foreign-key", .malformed),
                (String(repeating: "x", count: 600), .tooLarge),
            ]
            for (text, expected) in cases { #expect(try await refusal(client, text) == expected, "\(text)") }
            #expect(server.count("/v1/keys/verify") == 0)
        }
    }

    @Test func `foreign keys are taken to the server where the service says so`() async throws {
        try await ForeignIssuer.run { server in
            server.answer("/v1/keys/verify", .init(body: ["active": true, "key_id": "k", "sub": "ada", "scope": "notes:read", "aud": []]))
            let client = try server.client(.clientSecret(id: "notes", secret: "notes-secret")) { $0.acceptsForeignKeys = true }
            #expect(try await client.authenticate(apiKey: "some-foreign-key").kind == .person)
            #expect(try await refusal(client, "a key\nwith a line") == .malformed)
        }
    }

    @Test func `answers are remembered for a moment, refusals shorter, outages not at all`() async throws {
        try await ForeignIssuer.run { server in
            let path = "/v1/keys/verify"
            let client = try server.client(.clientSecret(id: "notes", secret: "notes-secret")) { $0.acceptsForeignKeys = true }
            server.answer(path, .init(body: ["active": false]))
            for _ in 0..<3 { #expect(try await refusal(client, "bad-key") == .inactive) }
            #expect(server.count(path) == 1)
            server.clock.advance(by: .seconds(1))
            #expect(try await refusal(client, "bad-key") == .inactive)
            #expect(server.count(path) == 2)
            server.behave(path, .status(500))
            for _ in 0..<2 {
                await #expect(throws: GatehouseError.unavailable("status 500")) { try await client.authenticate(apiKey: "third-key") }
            }
            #expect(server.count(path) == 4)
            server.behave(path, .good)
            server.answer(path, .init(body: ["active": true, "key_id": "k", "sub": "ada", "aud": []]))
            for _ in 0..<3 { #expect(try await refusal(client, "good-key") == nil) }
            #expect(server.count(path) == 5)
            // Keys differ even where their texts join up.
            #expect(try await refusal(client, "good-ke") == nil)
            #expect(server.count(path) == 6)
        }
    }

    @Test func `an answer that says too little is not believed`() async throws {
        try await ForeignIssuer.run { server in
            let client = try server.client(.clientSecret(id: "notes", secret: "notes-secret")) {
                $0.acceptsForeignKeys = true
                $0.cacheAgeMax = .zero
            }
            let cases: [(JSONValue, GatehouseRefusal)] = [
                (["active": true], .wrongClaim), (["active": "true", "key_id": "k", "sub": "ada"], .inactive),
                (["active": true, "key_id": "k", "sub": ""], .wrongClaim), ([:], .inactive),
            ]
            for (body, expected) in cases {
                server.answer("/v1/keys/verify", .init(body: body))
                #expect(try await refusal(client, "key") == expected)
            }
        }
    }
}
