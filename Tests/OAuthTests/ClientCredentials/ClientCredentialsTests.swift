import HummingbirdTesting
import OAuth
import OAuthProtocol
import TestKit
import Testing

@Suite struct ClientCredentialsTests {
    private func ask(_ server: TestServer, _ more: [(String, String)] = []) async throws -> TestResponse {
        try await server.token([("grant_type", "client_credentials")] + more)
    }

    @Test func `a client speaks for itself`() async throws {
        try await TestServer.run { server in
            try await server.addClient { $0.roles = ["batch"] }
            let answer = try await ask(server)
            #expect(answer.json.memberNames == ["access_token", "token_type", "expires_in", "scope"])
            let claims = try await server.verified(try answer.json.text("access_token"), type: "at+jwt").claims
            #expect(claims["sub"] == "app")
            #expect(claims["client_id"] == "app")
            #expect(claims["aud"] == "https://api.example")
            #expect(claims["scope"] == "notes:read notes:write")
            #expect(claims["roles"]?.strings == ["batch"])
            for name in ["sid", "grant_id", "auth_time", "acr", "amr"] { #expect(claims[name] == nil, "\(name)") }
        }
    }

    @Test func `nothing is written`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            _ = try await ask(server)
            for table in ["grants", "refresh_tokens", "audit_events", "revocations"] {
                #expect(try await server.database.first("select count(*) from \(table)") { try $0.int(0) } == 0, "\(table)")
            }
            // Counted, and written by a job.
            #expect(server.wiring.tally.take().map(\.detail) == [["count": "1"]])
        }
    }

    @Test func `scope is what was asked for, within what is allowed`() async throws {
        try await TestServer.run { server in
            try await server.addClient { $0.scopes = ["openid", "notes:read"] }
            #expect(try await ask(server, [("scope", "notes:read")]).json["scope"] == "notes:read")
            for scope in ["notes:write", "openid", "openid notes:read", "offline_access", "introspect", "unknown", "a\"b", "a\\b", "é"] {
                let answer = try await ask(server, [("scope", scope)])
                #expect(answer.status == .badRequest, "\(scope)")
                #expect(answer.errorCode == "invalid_scope", "\(scope)")
            }
        }
    }

    @Test func `a token without scope carries none`() async throws {
        try await TestServer.run { server in
            try await server.addClient { $0.scopes = ["openid"] }
            let answer = try await ask(server)
            #expect(answer.status == .ok)
            // RFC 6749 §3.3: a scope has at least one token.
            #expect(answer.json["scope"] == nil)
            let claims = try TestServer.part(1, of: try answer.json.text("access_token"))
            #expect(claims["scope"] == nil)
            #expect(claims["aud"]?.string == TestServer.issuer)
        }
    }

    @Test func `resources are those that are declared and allowed`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let one = try await ask(server, [("resource", "https://api.example")])
            #expect(try TestServer.part(1, of: try one.json.text("access_token"))["aud"] == "https://api.example")
            let twice = try await ask(
                server, [("resource", "https://api.example"), ("resource", TestServer.issuer), ("resource", "https://api.example")])
            #expect(
                try TestServer.part(1, of: try twice.json.text("access_token"))["aud"]?.strings == [
                    "https://api.example", TestServer.issuer,
                ])
            for resource in ["https://unknown.example", "https://api.example/", "https://api.example#a", "api", "HTTPS://api.example"] {
                let answer = try await ask(server, [("resource", resource)])
                #expect(answer.status == .badRequest, "\(resource)")
                #expect(answer.errorCode == "invalid_target", "\(resource)")
            }
            let many = try await ask(server, (0..<11).map { _ in ("resource", "https://api.example") })
            #expect(many.errorCode == "invalid_target")
        }
    }

    @Test func `public clients and clients without the grant type are refused`() async throws {
        try await TestServer.run { server in
            try await server.addClient(metadata: ["grant_types": ["authorization_code"]])
            try await server.addClient("spa", secret: nil)
            #expect(try await ask(server).errorCode == "unauthorized_client")
            let answer = try await server.token([("grant_type", "client_credentials"), ("client_id", "spa")], basic: nil)
            #expect(answer.errorCode == "unauthorized_client")
        }
    }

    @Test func `unknown grant types are named as such`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            for type in [
                "password", "implicit", "urn:ietf:params:oauth:grant-type:device_code", "CLIENT_CREDENTIALS", "client_credentials ",
            ] {
                #expect(try await server.token([("grant_type", type)]).errorCode == "unsupported_grant_type", "\(type)")
            }
            #expect(try await server.token([]).errorCode == "invalid_request")
        }
    }
}
