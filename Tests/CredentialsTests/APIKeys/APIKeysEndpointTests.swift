import Credentials
import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import Keys
import OAuth
import OAuthProtocol
import Runtime
import TestKit
import Testing

@Suite struct APIKeysEndpointTests {
    private static let manager = (id: "manager", secret: "manager-secret")

    private func post(_ server: TestServer, _ uri: String, _ json: JSONValue, basic: (id: String, secret: String) = manager) async throws
        -> TestResponse
    {
        try await server.send(
            .post, uri,
            headers: [
                .contentType: "application/json",
                .authorization: BasicCredentials.headerValue(clientID: basic.id, clientSecret: basic.secret),
            ], body: json.encoded())
    }

    private func run(_ body: @escaping @Sendable (TestServer) async throws -> Void) async throws {
        try await TestServer.run { server in
            try await server.addClient("manager", secret: Self.manager.secret) { $0.scopes = ["keys", "notes:read", "introspect"] }
            try await body(server)
        }
    }

    private func issue(_ server: TestServer, _ members: [String: JSONValue] = [:]) async throws -> JSONValue {
        var wish: [String: JSONValue] = ["name": "CI", "scope": "notes:read"]
        wish.merge(members) { _, new in new }
        let response = try await post(server, "/v1/keys", .object(wish))
        #expect(response.status == .created, "\(response.text)")
        return response.json
    }

    private func verify(_ server: TestServer, _ key: String, _ members: [String: JSONValue] = [:]) async throws -> JSONValue {
        var body: [String: JSONValue] = ["key": .string(key)]
        body.merge(members) { _, new in new }
        let response = try await post(server, "/v1/keys/verify", .object(body))
        #expect(response.status == .ok, "\(response.text)")
        return response.json
    }

    @Test func `a key is issued, shown once, verified, and revoked`() async throws {
        try await run { server in
            let issued = try await issue(server)
            let key = try #require(issued["key"]?.string)
            let id = try #require(issued["key_id"]?.string)
            let verified = try await verify(server, key)
            #expect(verified["active"]?.bool == true)
            #expect(verified["sub"]?.string == "manager")
            #expect(verified["scope"]?.string == "notes:read")
            let authorization = BasicCredentials.headerValue(clientID: Self.manager.id, clientSecret: Self.manager.secret)
            let shown = try await server.get("/v1/keys/\(id)", headers: [.authorization: authorization])
            #expect(shown.status == .ok)
            #expect(shown.json["key"] == nil)
            let list = try await server.get("/v1/keys", headers: [.authorization: authorization])
            #expect(list.json["keys"]?[0]?["key_id"]?.string == id)
            let revoked = try await server.send(.delete, "/v1/keys/\(id)", headers: [.authorization: authorization])
            #expect(revoked.status == .noContent)
            #expect(try await verify(server, key) == ["active": false])
        }
    }

    @Test func `expired, mistyped, unknown and foreign keys all get the same answer`() async throws {
        try await run { server in
            let key = try #require(try await issue(server, ["expires_in": 60])["key"]?.string)
            server.clock.advance(by: .seconds(60))
            var unknown: UInt8 = 0
            let never = APIKeyText(kind: .live) {
                unknown &+= 3
                return unknown
            }
            for presented in [key, String(key.dropLast()) + "x", never.text, "some-foreign-key", "gh_live_"] {
                #expect(try await verify(server, presented) == ["active": false])
            }
        }
    }

    @Test func `a key works only from its addresses`() async throws {
        try await run { server in
            let key = try #require(try await issue(server, ["networks": ["192.0.2.0/24", "2001:db8::/32"]])["key"]?.string)
            for (address, isActive) in [
                ("192.0.2.9", true), ("192.0.3.1", false), ("2001:db8::1", true), ("::ffff:192.0.2.1", true), ("x", false),
            ] {
                #expect(try await verify(server, key, ["address": .string(address)])["active"]?.bool == isActive, "\(address)")
            }
            #expect(try await verify(server, key)["active"]?.bool == false)
        }
    }

    @Test func `above its own limit a key is told to wait`() async throws {
        try await run { server in
            let key = try #require(try await issue(server, ["rate_limit": ["burst": 2, "per_minute": 60]])["key"]?.string)
            for _ in 0..<2 { #expect(try await verify(server, key)["active"]?.bool == true) }
            let limited = try await verify(server, key)
            #expect(limited["active"]?.bool == false)
            #expect(limited["error"]?.string == "rate_limited")
            server.clock.advance(by: .seconds(1))
            #expect(try await verify(server, key)["active"]?.bool == true)
        }
    }

    @Test func `a rotated key works on until the overlap is over`() async throws {
        try await run { server in
            let issued = try await issue(server)
            let old = try #require(issued["key"]?.string)
            let id = try #require(issued["key_id"]?.string)
            let rotated = try await post(server, "/v1/keys/\(id)/rotate", ["overlap": 60])
            #expect(rotated.status == .created)
            let new = try #require(rotated.json["key"]?.string)
            #expect(try await verify(server, old)["active"]?.bool == true)
            #expect(try await verify(server, new)["active"]?.bool == true)
            #expect(try await post(server, "/v1/keys/\(id)/rotate", [:]).status == .badRequest)
            server.clock.advance(by: .seconds(60))
            #expect(try await verify(server, old)["active"]?.bool == false)
            #expect(try await verify(server, new)["active"]?.bool == true)
        }
    }

    @Test func `a key never gets a scope that its maker lacks`() async throws {
        try await run { server in
            for scope in ["notes:write", "keys:admin", "openid", "unheard-of"] {
                let response = try await post(server, "/v1/keys", ["name": "x", "scope": .string(scope)])
                #expect(response.status == .badRequest)
                #expect(response.json["error"]?.string == "invalid_scope")
            }
            let publishable = try await post(server, "/v1/keys", ["name": "x", "kind": "pub", "scope": "notes:read"])
            #expect(publishable.json["error"]?.string == "invalid_scope")
        }
    }

    @Test func `one client neither sees nor ends another client's keys`() async throws {
        try await run { server in
            let id = try #require(try await issue(server)["key_id"]?.string)
            try await server.addClient("stranger", secret: "stranger-secret") { $0.scopes = ["keys"] }
            let authorization = BasicCredentials.headerValue(clientID: "stranger", clientSecret: "stranger-secret")
            #expect(try await server.get("/v1/keys/\(id)", headers: [.authorization: authorization]).status == .notFound)
            #expect(try await server.send(.delete, "/v1/keys/\(id)", headers: [.authorization: authorization]).status == .notFound)
            #expect(try await server.get("/v1/keys", headers: [.authorization: authorization]).json["keys"]?.array?.isEmpty == true)
            let wish: JSONValue = ["name": "x", "client": "manager"]
            #expect(try await post(server, "/v1/keys", wish, basic: ("stranger", "stranger-secret")).status == .forbidden)
        }
    }

    @Test func `without the scope, without a proof or with a publishable key nothing is managed`() async throws {
        try await run { server in
            try await server.addClient("plain", secret: "plain-secret") { $0.scopes = ["notes:read"] }
            #expect(try await post(server, "/v1/keys", ["name": "x"], basic: ("plain", "plain-secret")).status == .forbidden)
            #expect(try await server.get("/v1/keys").status == .unauthorized)
            let publishable = try #require(try await issue(server, ["kind": "pub", "scope": ""])["key"]?.string)
            #expect(try await server.get("/v1/keys", headers: [.authorization: "Bearer \(publishable)"]).status == .unauthorized)
        }
    }

    @Test func `a key manages keys where it holds the scope`() async throws {
        try await run { server in
            let key = try #require(try await issue(server, ["scope": "keys"])["key"]?.string)
            #expect(try await server.get("/v1/keys", headers: [.authorization: "Bearer \(key)"]).status == .ok)
        }
    }

    @Test func `a key is exchanged for a short token that introspection knows`() async throws {
        try await run { server in
            let key = try #require(try await issue(server, ["scope": "notes:read"])["key"]?.string)
            let fields = [
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", key),
                ("subject_token_type", "urn:gatehouse:params:oauth:token-type:api-key"),
            ]
            let exchanged = try await server.post("/oauth2/token", fields)
            #expect(exchanged.status == .ok, "\(exchanged.text)")
            #expect(exchanged.json["expires_in"]?.int == 300)
            #expect(exchanged.json["issued_token_type"]?.string == "urn:ietf:params:oauth:token-type:access_token")
            let token = try #require(exchanged.json["access_token"]?.string)
            let seen = try await server.post("/oauth2/introspect", [("token", token)], basic: Self.manager)
            #expect(seen.json["active"]?.bool == true)
            #expect(seen.json["aud"]?.strings == ["https://api.example"])
            for wrong in [String(key.dropLast()), "gh_live_x", "garbage"] {
                var changed = fields
                changed[1].1 = wrong
                let refused = try await server.post("/oauth2/token", changed)
                #expect(refused.status == .badRequest)
                #expect(refused.json["error"]?.string == "invalid_request")
            }
            let wider = try await server.post("/oauth2/token", fields + [("scope", "notes:write")])
            #expect(wider.json["error"]?.string == "invalid_scope")
        }
    }

    @Test func `an exchanged token names no service that its scopes do not speak to`() async throws {
        try await run { server in
            let key = try #require(try await issue(server, ["audiences": ["https://payroll.example"]])["key"]?.string)
            let fields = [
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", key),
                ("subject_token_type", "urn:gatehouse:params:oauth:token-type:api-key"),
            ]
            #expect(try await server.post("/oauth2/token", fields).json["error"]?.string == "invalid_target")
            let named = try await server.post("/oauth2/token", fields + [("resource", "https://payroll.example")])
            #expect(named.json["error"]?.string == "invalid_target")
        }
    }

    @Test func `a token narrowed to another service manages no keys`() async throws {
        try await run { server in
            func token(_ more: [(String, String)]) async throws -> String {
                let fields = [("grant_type", "client_credentials"), ("scope", "keys notes:read")] + more
                return try #require(try await server.post("/oauth2/token", fields, basic: Self.manager).json["access_token"]?.string)
            }
            let ours = try await token([])
            #expect(try await server.get("/v1/keys", headers: [.authorization: "Bearer \(ours)"]).status == .ok)
            let theirs = try await token([("resource", "https://api.example")])
            #expect(try await server.get("/v1/keys", headers: [.authorization: "Bearer \(theirs)"]).status == .unauthorized)
        }
    }

    @Test func `introspection accepts a key, and shows it to whom it concerns`() async throws {
        try await run { server in
            let key = try #require(try await issue(server, ["audiences": ["reader"]])["key"]?.string)
            try await server.addClient("reader", secret: "reader-secret")
            try await server.addClient("other", secret: "other-secret")
            let reader = try await server.post("/oauth2/introspect", [("token", key)], basic: ("reader", "reader-secret"))
            #expect(reader.json["active"]?.bool == true)
            #expect(reader.json["token_type"]?.string == "api_key")
            let other = try await server.post("/oauth2/introspect", [("token", key)], basic: ("other", "other-secret"))
            #expect(other.json == ["active": false])
        }
    }

    @Test func `a foreign key is imported by its hash and verified like ours`() async throws {
        try await TestServer.run { server in
            try await server.addClient("manager", secret: Self.manager.secret) { $0.scopes = ["keys:admin", "notes:read", "introspect"] }
            let hash = TokenHash(of: "legacy-key-1234").bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            let wish: JSONValue = ["name": "legacy", "scope": "notes:read", "sha256": .string(hash)]
            #expect(try await post(server, "/v1/keys/import", wish).status == .created)
            #expect(try await verify(server, "legacy-key-1234")["kind"]?.string == "imported")
            #expect(try await post(server, "/v1/keys/import", wish).status == .badRequest)
        }
    }

    @Test func `a key revoked on one node is refused by the other when it hears of it`() async throws {
        try await run { server in
            let issued = try await issue(server)
            let key = try #require(issued["key"]?.string)
            let id = try #require(issued["key_id"]?.string)
            try await server.withSecondNode { second in
                second.wiring.apiKeys.setListening(true)
                #expect(try await verify(second, key)["active"]?.bool == true)
                let authorization = BasicCredentials.headerValue(clientID: Self.manager.id, clientSecret: Self.manager.secret)
                _ = try await server.send(.delete, "/v1/keys/\(id)", headers: [.authorization: authorization])
                second.wiring.apiKeys.flush()
                #expect(try await verify(second, key)["active"]?.bool == false)
            }
        }
    }

    @Test func `a person's keys end when the person is disabled`() async throws {
        try await TestServer.run { server in
            let user = try await server.addUser()
            try await server.addClient("manager", secret: Self.manager.secret) { $0.scopes = ["keys:admin", "notes:read", "introspect"] }
            let wish: JSONValue = ["name": "x", "scope": "notes:read", "user": .string(user.id.uuidString)]
            let key = try #require(try await post(server, "/v1/keys", wish).json["key"]?.string)
            #expect(try await verify(server, key)["sub"]?.string == user.id.uuidString.lowercased())
            try await server.database.execute("update users set disabled_at = now()")
            server.wiring.apiKeys.flush()
            #expect(try await verify(server, key)["active"]?.bool == false)
        }
    }

    @Test(arguments: [
        #"{"key":1}"#, #"{"key":""}"#, "{}", "[]", "nonsense", #"{"key":"a","key":"b"}"#, #"{"key":"a","unknown":1}"#,
        #"{"key":"a\u0000"}"#,
    ])
    func `a body that is not what it should be is refused`(body: String) async throws {
        try await run { server in
            let response = try await server.send(
                .post, "/v1/keys/verify",
                headers: [
                    .contentType: "application/json",
                    .authorization: BasicCredentials.headerValue(clientID: Self.manager.id, clientSecret: Self.manager.secret),
                ], body: Array(body.utf8))
            #expect(response.status == .badRequest)
            #expect(response.json["error"]?.string == "invalid_request")
        }
    }

    @Test func `uses are written in batches and survive a failure`() async throws {
        try await run { server in
            let issued = try await issue(server)
            let key = try #require(issued["key"]?.string)
            _ = try await verify(server, key)
            let id = try #require(issued["key_id"]?.string)
            #expect(try await APIKeyStore(server.database).find(id: id)?.lastUsedAt == nil)
            try await server.wiring.apiKeys.writeUses()
            #expect(try await APIKeyStore(server.database).find(id: id)?.lastUsedAt == server.clock.now)
        }
    }
}
