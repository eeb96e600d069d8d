import FoundationEssentials
import OAuth
import OAuthProtocol
import Postgres
import Runtime
import TestKit
import Testing

@Suite struct RefreshTokenTests {
    /// A server with Ada, the client `app`, and the tokens of one sign-in.
    private func withTokens(
        scope: String = "openid offline_access notes:read",
        _ body: @escaping @Sendable (TestServer, TestFlow, _ refresh: String, _ access: String) async throws -> Void
    ) async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let tokens = try await flow.tokens(scope: scope)
            try await body(
                server, flow, try tokens.text("refresh_token"), try tokens.text("access_token"))
        }
    }

    @Test func `a refresh gives new tokens of the same grant`() async throws {
        try await withTokens { server, flow, refresh, access in
            server.clock.advance(by: .hours(2))
            let answer = try await flow.refresh(refresh)
            #expect(answer.status == .ok)
            #expect(answer.headers[.cacheControl] == "no-store")
            #expect(answer.json["refresh_token"]?.string != refresh)
            #expect(answer.json["refresh_token"]?.string?.hasPrefix("gh_rt_") == true)
            #expect(answer.json["scope"] == "openid offline_access notes:read")
            let old = try TestServer.part(1, of: access)
            let new = try await server.verified(try answer.json.text("access_token"), type: "at+jwt").claims
            for name in ["sub", "aud", "client_id", "scope", "auth_time", "acr", "amr", "sid", "grant_id"] {
                #expect(new[name] == old[name], "\(name)")
            }
            #expect(new["jti"] != old["jti"])
            #expect(new["iat"]?.int == server.clock.now.numericDate)
        }
    }

    @Test func `an ID token comes only when openid is asked for again`() async throws {
        try await withTokens { server, flow, refresh, _ in
            let plain = try await flow.refresh(refresh).json
            #expect(plain["id_token"] == nil)
            server.clock.advance(by: .seconds(100))
            let asked = try await flow.refresh(try plain.text("refresh_token"), ["scope": "openid notes:read"]).json
            let claims = try await server.verified(try asked.text("id_token"), type: "JWT", audience: "app").claims
            // OpenID Connect Core §12.2: the same subject and auth_time, no nonce.
            #expect(claims["nonce"] == nil)
            #expect(claims["auth_time"]?.int == server.clock.now.numericDate - 100)
            #expect(claims["iat"]?.int == server.clock.now.numericDate)
            #expect(claims["at_hash"] != nil)
        }
    }

    @Test func `scope is narrowed for one access token, not for the grant`() async throws {
        try await withTokens { server, flow, refresh, _ in
            let narrow = try await flow.refresh(refresh, ["scope": "notes:read"]).json
            #expect(narrow["scope"] == "notes:read")
            #expect(try TestServer.part(1, of: try narrow.text("access_token"))["scope"] == "notes:read")
            let wide = try await flow.refresh(try narrow.text("refresh_token")).json
            #expect(wide["scope"] == "openid offline_access notes:read")
        }
    }

    @Test func `more scope than was granted is refused and spends nothing`() async throws {
        try await withTokens { server, flow, refresh, _ in
            for scope in ["notes:write", "openid notes:write", "admin", "introspect"] {
                let answer = try await flow.refresh(refresh, ["scope": scope])
                #expect(answer.status == .badRequest)
                #expect(answer.errorCode == "invalid_scope")
            }
            #expect(try await flow.refresh(refresh, ["resource": "https://other.example"]).errorCode == "invalid_target")
            #expect(try await server.database.first("select count(*) from refresh_tokens") { try $0.int(0) } == 1)
            #expect(try await flow.refresh(refresh).status == .ok)
        }
    }

    @Test func `a resource narrows the audience`() async throws {
        try await withTokens { server, flow, refresh, _ in
            let answer = try await flow.refresh(refresh, ["resource": "https://api.example"]).json
            #expect(try TestServer.part(1, of: try answer.text("access_token"))["aud"] == "https://api.example")
        }
    }

    @Test func `unknown and malformed tokens are an invalid grant`() async throws {
        try await withTokens { _, flow, refresh, access in
            for wrong in ["gh_rt_unknown", refresh + "A", String(refresh.dropLast()), access, "x", "gh_rt_é", refresh.uppercased()] {
                let answer = try await flow.refresh(wrong)
                #expect(answer.status == .badRequest)
                #expect(answer.errorCode == "invalid_grant")
            }
            #expect(try await flow.refresh(refresh, ["refresh_token": nil]).errorCode == "invalid_request")
        }
    }

    @Test func `another client is refused without harm`() async throws {
        try await withTokens { server, flow, refresh, access in
            try await server.addClient("thief", secret: "thief-secret")
            var thief = flow
            thief.clientID = "thief"
            thief.secret = "thief-secret"
            #expect(try await thief.refresh(refresh).errorCode == "invalid_grant")
            let next = try await flow.refresh(refresh).json
            // Not even with a token that has been rotated long ago: that would let anybody end a family.
            server.clock.advance(by: .minutes(5))
            #expect(try await thief.refresh(refresh).errorCode == "invalid_grant")
            #expect(try await server.isActive(access) == true)
            #expect(try await flow.refresh(try next.text("refresh_token")).status == .ok)
        }
    }

    @Test func `a token slides seven days with each rotation`() async throws {
        try await withTokens { server, flow, refresh, _ in
            server.clock.advance(by: .days(7) - .seconds(1))
            let next = try #require(try await flow.refresh(refresh).json["refresh_token"]?.string)
            server.clock.advance(by: .days(7))
            #expect(try await flow.refresh(next).errorCode == "invalid_grant")
            #expect(try await server.isActive(next) == false)
        }
    }

    @Test func `a grant ends ninety days after the sign-in, however busy`() async throws {
        try await withTokens { server, flow, refresh, _ in
            var token = refresh
            for _ in 0..<14 {
                server.clock.advance(by: .days(6))
                token = try #require(try await flow.refresh(token).json["refresh_token"]?.string)
            }
            server.clock.advance(by: .days(6))
            #expect(try await flow.refresh(token).errorCode == "invalid_grant")
        }
    }

    @Test func `a disabled person's tokens stop, and nothing is written`() async throws {
        try await withTokens { server, flow, refresh, _ in
            try await server.database.execute("update users set disabled_at = now()")
            #expect(try await flow.refresh(refresh).errorCode == "invalid_grant")
            #expect(try await server.isActive(refresh) == false)
            #expect(try await server.database.first("select count(*) from refresh_tokens") { try $0.int(0) } == 1)
        }
    }

    @Test func `roles are read again at every refresh`() async throws {
        try await withTokens { server, flow, refresh, _ in
            try await server.database.execute("update users set roles = '{auditor}'")
            let answer = try await flow.refresh(refresh).json
            #expect(try TestServer.part(1, of: try answer.text("access_token"))["roles"]?.strings == ["auditor"])
        }
    }

    @Test func `a client without the grant type is not authorised`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient(metadata: ["grant_types": ["authorization_code"]])
            let flow = TestFlow(server)
            let tokens = try await flow.tokens()
            #expect(tokens["refresh_token"] == nil)
            #expect(try await flow.refresh("gh_rt_x").errorCode == "unauthorized_client")
        }
    }

    @Test func `a public client refreshes under its name alone`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient("spa", secret: nil)
            var flow = TestFlow(server)
            flow.clientID = "spa"
            flow.secret = nil
            let refresh = try #require(try await flow.tokens()["refresh_token"]?.string)
            #expect(try await flow.refresh(refresh, ["client_id": ""]).errorCode == "invalid_client")
            #expect(try await flow.refresh(refresh).status == .ok)
        }
    }

    @Test func `rotation and its event are one transaction`() async throws {
        try await withTokens { server, flow, refresh, _ in
            _ = try await flow.refresh(refresh)
            let rows = try await server.database.all(
                """
                select (select xmin::text from refresh_tokens where rotated_at is null), transaction_id::text, kind
                from audit_events where kind = 'refresh_token.rotated'
                """
            ) { (try $0.text(0), try $0.text(1)) }
            #expect(rows.count == 1)
            #expect(rows.first?.0 == rows.first?.1)
        }
    }
}
