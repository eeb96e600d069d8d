import GatehouseClient
import OAuthProtocol
import TestKit
import Testing

/// The server is away, slow, or answers nonsense.
@Suite struct OutageTests {
    private static let discovery = "/.well-known/openid-configuration"

    private func run(_ body: @escaping @Sendable (ForeignIssuer, ForeignKey) async throws -> Void) async throws {
        try await ForeignIssuer.run { server in
            let key = ForeignKey()
            server.publish([key])
            try await body(server, key)
        }
    }

    /// - Parameter words: what the error must say; anything where nil.
    private func isUnavailable(_ client: GatehouseClient, _ token: String, words: String? = nil) async throws -> Bool {
        do {
            _ = try await client.authenticate(token: token)
            return false
        } catch GatehouseError.unavailable(let what) {
            return words == nil || words == what
        }
    }

    @Test func `keys outlive an outage for an hour, and no longer`() async throws {
        try await run { server, key in
            let client = try server.client()
            let claims = server.claims(["exp": .int(Int64(server.clock.now.timeIntervalSince1970) + 100_000)])
            let token = try key.sign(claims)
            _ = try await client.authenticate(token: token)
            server.behave("/keys", .status(503))
            server.behave(Self.discovery, .status(503))
            server.clock.advance(by: .seconds(7_199))
            _ = try await client.authenticate(token: token)
            server.clock.advance(by: .seconds(1))
            #expect(try await isUnavailable(client, token))
            server.behave("/keys", .good)
            server.behave(Self.discovery, .good)
            _ = try await client.authenticate(token: token)
        }
    }

    @Test func `an outage is tried out once in ten seconds`() async throws {
        try await run { server, key in
            let client = try server.client()
            let token = try key.sign(server.claims(["exp": .int(Int64(server.clock.now.timeIntervalSince1970) + 100_000)]))
            _ = try await client.authenticate(token: token)
            server.behave("/keys", .status(500))
            server.clock.advance(by: .seconds(3_600))
            for _ in 0..<5 { _ = try await client.authenticate(token: token) }
            #expect(server.count("/keys") == 2)
            server.clock.advance(by: .seconds(10))
            _ = try await client.authenticate(token: token)
            #expect(server.count("/keys") == 3)
        }
    }

    @Test func `keys are renewed in the background before they end`() async throws {
        try await run { server, key in
            let client = try server.client()
            let token = try key.sign(server.claims())
            _ = try await client.authenticate(token: token)
            server.clock.advance(by: .seconds(2_879))
            _ = try await client.authenticate(token: token)
            #expect(server.count("/keys") == 1)
            server.clock.advance(by: .seconds(1))
            _ = try await client.authenticate(token: token)
            try await eventually("the keys are fetched again") { server.count("/keys") == 2 }
        }
    }

    @Test func `the server says how long its keys are good, within bounds`() async throws {
        try await run { server, key in
            server.publish([key], maxAge: 1)
            let client = try server.client()
            let token = try key.sign(server.claims())
            _ = try await client.authenticate(token: token)
            server.clock.advance(by: .seconds(47))
            _ = try await client.authenticate(token: token)
            #expect(server.count("/keys") == 1)
            server.clock.advance(by: .seconds(13))
            _ = try await client.authenticate(token: token)
            #expect(server.count("/keys") == 2)
        }
    }

    @Test func `a request for a document is tried twice, and not more often`() async throws {
        try await run { server, key in
            server.behave("/keys", .status(503), .good)
            _ = try await server.client().authenticate(token: key.sign(server.claims()))
            #expect(server.count("/keys") == 2)
            server.behave("/keys", .status(502))
            let token = try key.sign(server.claims())
            #expect(try await isUnavailable(server.client(), token))
            #expect(server.count("/keys") == 4)
        }
    }

    @Test(arguments: [discovery, "/keys"])
    func `an answer that is too large is not read`(path: String) async throws {
        try await run { server, key in
            server.behave(path, .bytes([UInt8](repeating: 0x20, count: 300_000)))
            let token = try key.sign(server.claims())
            #expect(try await isUnavailable(server.client(), token, words: "an answer that is too large"))
        }
    }

    @Test(arguments: [discovery, "/keys"])
    func `an answer that doesn't come is not waited for`(path: String) async throws {
        try await run { server, key in
            server.behave(path, .silent)
            let client = try server.client { $0.answerTimeMax = .milliseconds(50) }
            #expect(try await isUnavailable(client, key.sign(server.claims()), words: "no answer in time"))
        }
    }

    @Test(arguments: [discovery, "/keys"])
    func `a redirect is not followed`(path: String) async throws {
        try await run { server, key in
            // What stands there would be good.
            server.answer("/elsewhere", path == "/keys" ? .init(body: JWKSet([key.jwk]).json) : server.discovery())
            server.behave(path, .redirect(server.address + "/elsewhere"))
            let token = try key.sign(server.claims())
            #expect(try await isUnavailable(server.client(), token))
            #expect(server.count("/elsewhere") == 0)
        }
    }

    @Test(arguments: [discovery, "/keys"])
    func `nonsense is not believed`(path: String) async throws {
        try await run { server, key in
            for nonsense in ["", "[]", "{}", "<html>", #"{"keys":7}"#] {
                server.behave(path, .bytes(Array(nonsense.utf8)))
                let token = try key.sign(server.claims())
                #expect(try await isUnavailable(server.client(), token), "\(nonsense)")
            }
        }
    }

    @Test func `the discovery document must be that of the issuer, and name https`() async throws {
        try await run { server, key in
            for changes: [String: JSONValue] in [
                ["issuer": "http://localhost:8081"], ["issuer": .string(ForeignIssuer.issuer + "/")], ["issuer": .null],
                ["jwks_uri": "http://keys.example/"], ["jwks_uri": .null], ["jwks_uri": "file:///etc/passwd"],
                ["token_endpoint": "http://tokens.example/"],
            ] {
                server.answer(Self.discovery, server.discovery(changes))
                let token = try key.sign(server.claims())
                #expect(try await isUnavailable(server.client(), token), "\(changes)")
            }
        }
    }

    @Test func `nobody at the other end is an answer too`() async throws {
        let client = try GatehouseClient(issuer: "http://127.0.0.1:1", audience: "https://api.example")
        let token = try ForeignKey().sign(["sub": "ada"])
        await #expect(throws: GatehouseError.unavailable("no answer")) { try await client.authenticate(token: token) }
    }
}
