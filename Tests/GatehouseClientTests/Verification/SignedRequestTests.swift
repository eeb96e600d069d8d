import GatehouseClient
import OAuthProtocol
import TestKit
import Testing

/// Signed requests that the server is asked about.
@Suite struct SignedRequestTests {
    private static let path = "/v1/signatures/verify"
    private static let uri = "https://notes.example/notes?tag=a"
    private static let body = Array(#"{"text":"hello"}"#.utf8)

    private func run(_ body: @escaping @Sendable (ForeignIssuer, GatehouseClient, GatehouseSigningKey) async throws -> Void) async throws {
        try await ForeignIssuer.run { server in
            server.answer(
                Self.path,
                .init(body: ["active": true, "key_id": "sig_1", "sub": "worker", "client_id": "worker", "scope": "notes:read", "aud": []]))
            let client = try server.client(.clientSecret(id: "notes", secret: "notes-secret"))
            try await body(server, client, .hmac(id: "sig_1", secret: [UInt8](repeating: 7, count: 32)))
        }
    }

    private func refusal(_ client: GatehouseClient, _ message: GatehouseMessage) async throws -> GatehouseRefusal? {
        do {
            _ = try await client.authenticate(message)
            return nil
        } catch GatehouseError.refused(let refusal) {
            return refusal
        }
    }

    @Test func `the server sees what is covered, and never the body`() async throws {
        try await run { server, client, key in
            let fields = try client.sign(.request(method: "POST", uri: Self.uri, body: Self.body), with: key)
            let more: [GatehouseMessage.Field] = [("Cookie", "session=secret"), ("Content-Length", "16")]
            let message = GatehouseMessage.request(method: "POST", uri: Self.uri, fields: more + fields, body: Self.body)
            let caller = try await client.authenticate(message, address: "192.0.2.7")
            #expect(caller.proof == .signature)
            #expect(caller.subject == "worker")
            #expect(caller.credentialID == "sig_1")
            let sent = try JSONValue(parsing: Array(try #require(server.request(Self.path)).body.utf8))
            #expect(sent.memberNames == ["method", "target_uri", "headers", "content_digest_verified", "address"])
            #expect(sent["target_uri"]?.string == Self.uri)
            #expect(sent["headers"]?.array?.map { $0[0]?.string } == ["content-digest", "signature-input", "signature"])
            // Each time anew: only the server knows which nonces were there.
            _ = try await client.authenticate(message)
            #expect(server.count(Self.path) == 2)
        }
    }

    @Test func `what no key could make good costs no request`() async throws {
        try await run { server, client, key in
            let fields = try client.sign(.request(method: "POST", uri: Self.uri, body: Self.body), with: key)
            let cases: [(GatehouseMessage, GatehouseRefusal)] = [
                (.request(method: "POST", uri: Self.uri, body: Self.body), .noSignature),
                (.request(method: "POST", uri: Self.uri, fields: fields, body: Self.body + [0x20]), .digestMismatch),
                (.request(method: "POST", uri: "notes", fields: fields, body: Self.body), .malformed),
                (
                    .request(
                        method: "POST", uri: Self.uri, fields: try client.sign(.request(method: "POST", uri: Self.uri), with: key),
                        body: Self.body), .incompleteSignature
                ),
            ]
            for (message, expected) in cases { #expect(try await refusal(client, message) == expected) }
            server.clock.advance(by: .seconds(301))
            #expect(try await refusal(client, .request(method: "POST", uri: Self.uri, fields: fields, body: Self.body)) == .stale)
            #expect(server.count(Self.path) == 0)
        }
    }

    @Test func `the server's answer is judged`() async throws {
        try await run { server, client, key in
            let message = GatehouseMessage.request(
                method: "GET", uri: Self.uri, fields: try client.sign(.request(method: "GET", uri: Self.uri), with: key))
            let cases: [(JSONValue, GatehouseRefusal)] = [
                (["active": false], .inactive), (["active": true], .wrongClaim),
                (["active": true, "key_id": "k", "sub": "ada", "aud": ["https://other.example"]], .wrongAudience),
            ]
            for (answer, expected) in cases {
                server.answer(Self.path, .init(body: answer))
                #expect(try await refusal(client, message) == expected)
            }
            server.answer(Self.path, .init(body: ["active": false, "error": "rate_limited", "retry_after": 7]))
            await #expect(throws: GatehouseError.rateLimited(retryAfter: .seconds(7))) { try await client.authenticate(message) }
            server.behave(Self.path, .status(503))
            await #expect(throws: GatehouseError.unavailable("status 503")) { try await client.authenticate(message) }
        }
    }

    @Test func `the real server verifies what was signed with a key that it made, once`() async throws {
        try await LiveServer.run { live in
            let service = try live.client()
            let made = try await live.server.send(
                .post, "/v1/signature-keys",
                headers: [
                    .contentType: "application/json",
                    .authorization: BasicCredentials.headerValue(clientID: "notes", clientSecret: "notes-secret"),
                ], body: JSONValue.object(["name": "worker", "scope": "notes:read"]).encoded())
            let id = try made.json.text("key_id")
            #expect(id.hasPrefix("sig_"))
            let secret = try #require(Base64.decode(utf8: try made.json.text("secret").utf8))
            let caller = try live.client(.none)
            let fields = try caller.sign(.request(method: "POST", uri: Self.uri, body: Self.body), with: .hmac(id: id, secret: secret))
            let message = GatehouseMessage.request(method: "POST", uri: Self.uri, fields: fields, body: Self.body)
            let found = try await service.authenticate(message)
            #expect(found.proof == .signature)
            #expect(found.clientID == "notes")
            #expect(found.scopes == ["notes:read"])
            #expect(found.credentialID == id)
            #expect(try await refusal(service, message) == .inactive)
            let forged = try caller.sign(
                .request(method: "POST", uri: Self.uri, body: Self.body), with: .hmac(id: id, secret: [UInt8](repeating: 7, count: 32)))
            #expect(
                try await refusal(service, .request(method: "POST", uri: Self.uri, fields: forged, body: Self.body)) == .inactive)
        }
    }
}
