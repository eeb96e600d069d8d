import HTTPTypes
import HummingbirdTesting
import Keys
import OAuth
import OAuthProtocol
import Runtime
import TestKit
import Testing

/// RFC 7592: a client reads, changes and removes its own registration.
@Suite struct RegistrationManagementTests {
    private struct Registered: Sendable {
        let uri: String
        let id: String
        let token: String
        let secret: String
    }

    private func withClient(_ body: @escaping @Sendable (TestServer, Registered) async throws -> Void) async throws {
        try await TestServer.run(configure: { $0.oauth.registration = .open }) { server in
            try await body(server, try await register(server))
        }
    }

    private func register(_ server: TestServer) async throws -> Registered {
        let client = try await server.sendJSON(.post, RegistrationTests.path, RegistrationTests.metadata).json
        return Registered(
            uri: try client.text("registration_client_uri"), id: try client.text("client_id"),
            token: try client.text("registration_access_token"), secret: try client.text("client_secret"))
    }

    private func get(_ server: TestServer, _ client: Registered, token: String? = nil) async throws -> TestResponse {
        try await server.get(client.uri, headers: [.authorization: "Bearer \(token ?? client.token)"])
    }

    @Test func `a client reads its registration, without the secret`() async throws {
        try await withClient { server, client in
            let answer = try await get(server, client)
            #expect(answer.status == .ok)
            #expect(answer.headers[.cacheControl] == "no-store")
            #expect(answer.json["client_id"]?.string == client.id)
            #expect(answer.json["client_name"] == "New application")
            #expect(answer.json["client_secret"] == nil)
            // RFC 7592 §3: both are required in every answer.
            #expect(answer.json["registration_client_uri"]?.string == client.uri)
            #expect(answer.json["registration_access_token"]?.string == client.token)
        }
    }

    @Test func `without its token, or with another client's, there is nothing to see`() async throws {
        try await withClient { server, client in
            let other = try await register(server)
            try await server.addClient()
            let body: JSONValue = ["client_id": .string(client.id), "redirect_uris": ["https://evil.example/"]]
            for token in [nil, other.token, "x", client.secret] {
                for method in [HTTPRequest.Method.get, .put, .delete] {
                    let answer = try await server.sendJSON(method, client.uri, body, bearer: token)
                    #expect(answer.status == .unauthorized)
                    #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Bearer ") == true)
                    #expect(!answer.text.contains("New application"))
                }
            }
            // An unknown client looks the same as a wrong token; a declared one has no registration.
            let wrong = try await get(server, client, token: other.token).text
            for id in ["unknown", "app"] {
                let answer = try await server.get(
                    "\(RegistrationTests.path)/\(id)", headers: [.authorization: "Bearer \(client.token)"])
                #expect(answer.status == .unauthorized)
                #expect(answer.text == wrong)
            }
            #expect(try await get(server, client).status == .ok)
        }
    }

    @Test func `a change replaces all metadata and keeps id and secret`() async throws {
        try await withClient { server, client in
            server.clock.advance(by: .minutes(1))
            let body: JSONValue = [
                "client_id": .string(client.id), "client_secret": .string(client.secret),
                "redirect_uris": ["https://new.example/other"], "scope": "openid",
            ]
            let answer = try await server.sendJSON(.put, client.uri, body, bearer: client.token)
            #expect(answer.status == .ok)
            #expect(answer.json["redirect_uris"]?.strings == ["https://new.example/other"])
            #expect(answer.json["client_name"] == nil)
            #expect(answer.json["grant_types"]?.strings == ["authorization_code"])
            #expect(answer.json["scope"] == "openid")
            #expect(answer.json["client_secret"] == nil)
            #expect(answer.json["registration_access_token"]?.string == client.token)
            let read = try await get(server, client).json
            #expect(read == answer.json)
            // The secret still proves it; the grant type is gone.
            let token = try await server.token(
                [("grant_type", "refresh_token"), ("refresh_token", "x")], basic: (client.id, client.secret))
            #expect(token.errorCode == "unauthorized_client")
            let kinds = try await server.database.all("select kind from audit_events order by kind") { try $0.text(0) }
            #expect(kinds == ["client.changed", "client.created"])
        }
    }

    @Test func `a change that breaks the rules changes nothing`() async throws {
        try await withClient { server, client in
            let before = try await get(server, client).json
            let good: [String: JSONValue] = ["client_id": .string(client.id), "redirect_uris": ["https://new.example/other"]]
            let changes: [(String, JSONValue?)] = [
                ("client_id", nil), ("client_id", "another"), ("client_id", 7), ("registration_access_token", .string(client.token)),
                ("registration_client_uri", .string(client.uri)), ("client_secret_expires_at", 0), ("client_id_issued_at", 0),
                ("client_secret", "chosen-by-the-client"), ("client_secret", 7), ("token_endpoint_auth_method", "none"),
                ("jwks_uri", "https://new.example/jwks"), ("redirect_uris", ["http://new.example/"]), ("redirect_uris", nil),
                ("grant_types", ["client_credentials"]), ("scope", "introspect"),
            ]
            for (name, value) in changes {
                var body = good
                body[name] = value
                let answer = try await server.sendJSON(.put, client.uri, .object(body), bearer: client.token)
                #expect(answer.status == .badRequest, "\(name)")
                #expect(
                    ["invalid_request", "invalid_client_metadata", "invalid_redirect_uri"].contains(answer.errorCode), "\(name)")
            }
            #expect(try await get(server, client).json == before)
        }
    }

    @Test func `a client that removes itself is gone with its tokens`() async throws {
        try await withClient { server, client in
            try await server.addUser()
            var flow = TestFlow(server)
            flow.clientID = client.id
            flow.secret = client.secret
            flow.redirectURI = "https://new.example/callback"
            let tokens = try await flow.tokens(scope: "openid offline_access")
            let access = try tokens.text("access_token")
            #expect(try await server.userInfo(access).status == .ok)
            let answer = try await server.send(.delete, client.uri, headers: [.authorization: "Bearer \(client.token)"])
            #expect(answer.status == .noContent)
            #expect(answer.headers[.cacheControl] == "no-store")
            #expect(try await server.userInfo(access).status == .unauthorized)
            #expect(try await flow.refresh(try tokens.text("refresh_token")).status == .unauthorized)
            #expect(try await get(server, client).status == .unauthorized)
            for table in ["clients", "grants", "refresh_tokens", "consents"] {
                #expect(try await server.database.first("select count(*) from \(table)") { try $0.int(0) } == 0, "\(table)")
            }
        }
    }

    @Test func `a disabled client can't manage itself back`() async throws {
        try await withClient { server, client in
            try await server.database.execute("update clients set disabled_at = now()")
            #expect(try await get(server, client).status == .unauthorized)
        }
    }
}
