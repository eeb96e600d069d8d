import HTTPTypes
import HummingbirdTesting
import Keys
import OAuth
import OAuthProtocol
import TestKit
import Testing

@Suite struct RegistrationTests {
    static let path = "/oauth2/register"
    static let metadata: JSONValue = [
        "redirect_uris": ["https://new.example/callback"], "client_name": "New application",
        "grant_types": [
            "authorization_code", "refresh_token",
        ],
    ]

    private func register(_ server: TestServer, _ metadata: JSONValue, bearer: String? = nil) async throws -> TestResponse {
        try await server.sendJSON(.post, Self.path, metadata, bearer: bearer)
    }

    private func clientCount(_ server: TestServer) async throws -> Int? {
        try await server.database.first("select count(*) from clients") { try $0.int(0) }
    }

    @Test func `off means that there is nothing at this address`() async throws {
        try await TestServer.run { server async throws in
            #expect(try await register(server, Self.metadata).status == .notFound)
            for method in [HTTPRequest.Method.get, .put, .delete] {
                #expect(try await server.sendJSON(method, Self.path + "/x", Self.metadata, bearer: "x").status == .notFound)
            }
            #expect(try await clientCount(server) == 0)
        }
    }

    @Test func `with initial access tokens, only their bearers register`() async throws {
        let hashes = ["one", "two"].map { TokenHash(of: $0) }
        try await TestServer.run(configure: { $0.oauth.registration = .initialAccessToken(hashes) }) { server in
            let without = try await register(server, Self.metadata)
            #expect(without.status == .unauthorized)
            #expect(without.headers[.wwwAuthenticate] == "Bearer realm=\"gatehouse\"")
            let wrong = try await register(server, Self.metadata, bearer: "three")
            #expect(wrong.status == .unauthorized)
            #expect(wrong.errorCode == "invalid_token")
            #expect(try await clientCount(server) == 0)
            #expect(try await register(server, Self.metadata, bearer: "one").status == .created)
            #expect(try await register(server, Self.metadata, bearer: "two").status == .created)
        }
    }

    @Test func `a registered client is told everything about itself, once`() async throws {
        try await TestServer.run(configure: { $0.oauth.registration = .open }) { server in
            let answer = try await register(server, Self.metadata)
            #expect(answer.status == .created)
            #expect(answer.headers[.cacheControl] == "no-store")
            #expect(answer.headers[.contentType] == "application/json")
            let client = answer.json
            let id = try client.text("client_id")
            #expect(client["client_secret"]?.string?.hasPrefix("gh_cs_") == true)
            #expect(client["client_secret_expires_at"] == 0)
            #expect(client["registration_access_token"]?.string?.hasPrefix("gh_reg_") == true)
            #expect(client["registration_client_uri"]?.string == TestServer.issuer + Self.path + "/" + id)
            #expect(client["client_id_issued_at"] != nil)
            #expect(client["token_endpoint_auth_method"] == "client_secret_basic")
            #expect(client["id_token_signed_response_alg"] == "RS256")
            #expect(client["response_types"]?.strings == ["code"])
            #expect(client["application_type"] == "web")
            #expect(client["redirect_uris"]?.strings == ["https://new.example/callback"])
            #expect(client["scope"] == "address email offline_access openid phone profile")
            #expect(
                try await server.database.all("select kind, client_id from audit_events") { [try $0.text(0), try $0.text(1)] } == [
                    ["client.created", id]
                ])
        }
    }

    @Test func `it takes part at once, in a whole flow`() async throws {
        try await TestServer.run(configure: { $0.oauth.registration = .open }) { server in
            try await server.addUser()
            let client = try await register(server, Self.metadata).json
            var flow = TestFlow(server)
            flow.clientID = try client.text("client_id")
            flow.secret = try client.text("client_secret")
            flow.redirectURI = "https://new.example/callback"
            let tokens = try await flow.tokens(scope: "openid offline_access")
            #expect(tokens["id_token"] != nil)
            #expect(try await flow.refresh(try tokens.text("refresh_token")).status == .ok)
            // It may not speak for itself, nor for services that nobody allowed it.
            let own = try await server.token(
                [("grant_type", "client_credentials")], basic: (flow.clientID, flow.secret ?? ""))
            #expect(own.errorCode == "unauthorized_client")
        }
    }

    @Test func `a public client gets no secret`() async throws {
        try await TestServer.run(configure: { $0.oauth.registration = .open }) { server in
            let client = try await register(
                server,
                ["redirect_uris": ["http://127.0.0.1/callback"], "token_endpoint_auth_method": "none", "application_type": "native"]
            ).json
            #expect(client["client_id"] != nil)
            #expect(client["client_secret"] == nil)
            #expect(client["client_secret_expires_at"] == nil)
        }
    }

    @Test func `what is not supported is refused by name, never ignored`() async throws {
        try await TestServer.run(configure: { $0.oauth.registration = .open }) { server in
            let changes: [(String, JSONValue)] = [
                ("jwks_uri", "https://new.example/jwks"), ("jwks", ["keys": []]), ("sector_identifier_uri", "https://new.example/sector"),
                ("request_uris", ["https://new.example/request"]), ("request_object_signing_alg", "none"),
                ("id_token_encrypted_response_alg", "RSA-OAEP"), ("userinfo_signed_response_alg", "RS256"),
                ("token_endpoint_auth_signing_alg", "RS256"), ("backchannel_logout_uri", "https://new.example/logout"),
                ("frontchannel_logout_uri", "https://new.example/logout"), ("software_statement", "e30.e30.e30"),
                ("tls_client_auth_subject_dn", "CN=x"), ("dpop_bound_access_tokens", "yes"),
                ("require_pushed_authorization_requests", true), ("token_endpoint_auth_method", "private_key_jwt"),
                ("token_endpoint_auth_method", "client_secret_jwt"), ("subject_type", "pairwise"),
                ("id_token_signed_response_alg", "none"), ("id_token_signed_response_alg", "HS256"), ("response_types", ["token"]),
                ("response_types", ["code id_token"]), ("grant_types", ["implicit"]), ("grant_types", ["client_credentials"]),
                ("grant_types", ["password"]), ("application_type", "desktop"), ("scope", "openid admin"), ("scope", "introspect"),
                ("logo_uri", "javascript:alert(1)"), ("policy_uri", "http://new.example/policy"), ("client_name", 7),
                ("client_name", .string(String(repeating: "n", count: 201))), ("default_max_age", -1), ("contacts", "ada@example.org"),
            ]
            for (name, value) in changes {
                var members = try #require(Self.metadata.object)
                members[name] = value
                let answer = try await register(server, .object(members))
                #expect(answer.status == .badRequest, "\(name)")
                #expect(answer.errorCode == "invalid_client_metadata", "\(name)")
                #expect(
                    answer.json["error_description"]?.string?.contains(name.split(separator: "_")[0]) == true, "\(name): \(answer.text)")
            }
            #expect(try await clientCount(server) == 0)
            // RFC 7591 §2: what nobody knows is ignored.
            var members = try #require(Self.metadata.object)
            members["x_unheard_of"] = ["a": 1]
            let answer = try await register(server, .object(members))
            #expect(answer.status == .created)
            #expect(answer.json["x_unheard_of"] == nil)
        }
    }

    @Test func `redirects that would leak codes are refused`() async throws {
        try await TestServer.run(configure: { $0.oauth.registration = .open }) { server in
            for uri in [
                "https://new.example/callback#fragment", "http://new.example/callback", "javascript:alert(1)", "data:text/html,x",
                "//new.example", "callback", "https://user:pass@new.example/", "", "https://", "ftp://new.example/",
                "https://new.example/\u{0a}x", "https://new.example/\(String(repeating: "a", count: 2_100))",
            ] {
                let answer = try await register(server, ["redirect_uris": [.string(uri)]])
                #expect(answer.status == .badRequest, "\(uri)")
                #expect(["invalid_redirect_uri", "invalid_client_metadata"].contains(answer.errorCode), "\(uri)")
            }
            for uris: JSONValue in [[], "https://new.example/callback", [7], .null] {
                #expect(try await register(server, ["redirect_uris": uris]).status == .badRequest)
            }
            #expect(try await register(server, [:]).errorCode == "invalid_redirect_uri")
            #expect(try await clientCount(server) == 0)
        }
    }

    @Test func `bodies that are no JSON object are refused`() async throws {
        try await TestServer.run(configure: { $0.oauth.registration = .open }) { server in
            func send(_ body: String, type: String? = "application/json") async throws -> TestResponse {
                var headers: HTTPFields = [:]
                if let type { headers[.contentType] = type }
                return try await server.send(.post, Self.path, headers: headers, body: Array(body.utf8))
            }
            for body in ["", "[]", "null", "{", "\"x\"", "{\"a\":1,\"a\":2}", "{\"a\":\"\\u0000\"}", String(repeating: "[", count: 1_000)] {
                #expect(try await send(body).errorCode == "invalid_client_metadata", "\(body.prefix(20))")
            }
            for type in [nil, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
                #expect(try await send(#"{"redirect_uris":["https://new.example/"]}"#, type: type).status == .badRequest)
            }
            #expect(try await send("{\"x\":\"" + String(repeating: "x", count: 65_536) + "\"}").status.code == 413)
            let invalid = try await server.send(
                .post, Self.path, headers: [.contentType: "application/json"], body: [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D])
            #expect(invalid.errorCode == "invalid_client_metadata")
            #expect(try await clientCount(server) == 0)
        }
    }

    @Test func `no more clients than the limit, and no faster than allowed`() async throws {
        try await TestServer.run(configure: { parts in
            parts.oauth.registration = .open
            parts.oauth.registeredClientsMax = 2
        }) { server in
            #expect(try await register(server, Self.metadata).status == .created)
            #expect(try await register(server, Self.metadata).status == .created)
            let third = try await register(server, Self.metadata)
            #expect(third.status == .serviceUnavailable)
            #expect(third.headers[.retryAfter] != nil)
        }
        try await TestServer.run(configure: { parts in
            parts.oauth.registration = .open
            parts.limits.registrationPerAddress = .init(burst: 2, perMinute: 1)
        }) { server in
            for _ in 0..<2 { #expect(try await register(server, Self.metadata).status == .created) }
            let third = try await register(server, Self.metadata)
            #expect(third.status == .tooManyRequests)
            #expect(third.headers[.retryAfter] == "60")
            server.clock.advance(by: .seconds(60))
            #expect(try await register(server, Self.metadata).status == .created)
        }
    }
}
