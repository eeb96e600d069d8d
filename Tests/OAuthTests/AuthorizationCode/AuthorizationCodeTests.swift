import HummingbirdTesting
import OAuthProtocol
import TestKit
import Testing

@Suite struct AuthorizationCodeTests {
    /// A server with Ada and the client `app`, and a fresh code for it.
    private func withCode(
        scope: String = "openid", _ changes: [String: String?] = [:], pkceRequired: Bool = true,
        _ body: @escaping @Sendable (TestServer, TestFlow, String) async throws -> Void
    ) async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient { $0.isPKCERequired = pkceRequired }
            let flow = TestFlow(server)
            let code = try #require(try await flow.authorize(scope: scope, changes).locationParameter("code"))
            try await body(server, flow, code)
        }
    }

    @Test func `an unknown code is an invalid grant`() async throws {
        try await withCode { _, flow, code in
            for wrong in ["gh_ac_unknown", code + "x", String(code.dropLast()), code.uppercased()] {
                let answer = try await flow.redeem(wrong)
                #expect(answer.status == .badRequest)
                #expect(answer.errorCode == "invalid_grant")
            }
            #expect(try await flow.redeem(code).status == .ok)
        }
    }

    @Test func `a wrong verifier is refused and spends nothing`() async throws {
        try await withCode { _, flow, code in
            let wrong = String(repeating: "x", count: 43)
            for verifier in [wrong, "short", TestFlow.verifier + "x", String(repeating: "a", count: 129), "ä" + wrong] {
                let answer = try await flow.redeem(code, ["code_verifier": verifier])
                #expect(answer.status == .badRequest)
                #expect(answer.errorCode == "invalid_grant")
            }
            #expect(try await flow.redeem(code, ["code_verifier": nil]).errorCode == "invalid_request")
            #expect(try await flow.redeem(code, ["code_verifier": ""]).errorCode == "invalid_request")
            #expect(try await flow.redeem(code).status == .ok)
        }
    }

    @Test func `a verifier without a challenge is a downgrade`() async throws {
        try await withCode(["code_challenge": nil, "code_challenge_method": nil], pkceRequired: false) { _, flow, code async throws in
            #expect(try await flow.redeem(code).errorCode == "invalid_grant")
            #expect(try await flow.redeem(code, ["code_verifier": nil]).status == .ok)
        }
    }

    @Test func `another redirect than that of the request is refused`() async throws {
        try await withCode { _, flow, code async throws in
            for redirect in ["https://app.example/callback/", "https://app.example/other", nil, ""] {
                #expect(try await flow.redeem(code, ["redirect_uri": redirect]).errorCode == "invalid_grant")
            }
            #expect(try await flow.redeem(code).status == .ok)
        }
    }

    @Test func `a request that named no redirect may be redeemed without one, or with the only registered`() async throws {
        for redirect in [nil, "https://app.example/callback"] {
            try await withCode(scope: "notes:read", ["redirect_uri": nil]) { _, flow, code async throws in
                #expect(try await flow.redeem(code, ["redirect_uri": "https://evil.example/"]).errorCode == "invalid_grant")
                #expect(try await flow.redeem(code, ["redirect_uri": redirect]).status == .ok)
            }
        }
    }

    @Test func `a code lives sixty seconds`() async throws {
        try await withCode { server, flow, code async throws in
            server.clock.advance(by: .seconds(59))
            #expect(try await flow.redeem(code).status == .ok)
        }
        try await withCode { server, flow, code async throws in
            server.clock.advance(by: .seconds(60))
            #expect(try await flow.redeem(code).errorCode == "invalid_grant")
        }
    }

    @Test func `the code of another client is refused without harm`() async throws {
        try await withCode { server, flow, code in
            try await server.addClient("thief", secret: "thief-secret")
            var thief = flow
            thief.clientID = "thief"
            thief.secret = "thief-secret"
            #expect(try await thief.redeem(code).errorCode == "invalid_grant")
            let tokens = try await flow.redeem(code).json
            #expect(try await thief.redeem(code).errorCode == "invalid_grant")
            #expect(try await server.isActive(try tokens.text("access_token")) == true)
        }
    }

    @Test func `a second use revokes what the first gave`() async throws {
        try await withCode(scope: "openid offline_access") { server, flow, code in
            let tokens = try await flow.redeem(code).json
            let access = try tokens.text("access_token")
            let refresh = try tokens.text("refresh_token")
            #expect(try await server.isActive(access) == true)
            // Also long after the code's own time.
            server.clock.advance(by: .seconds(1_800))
            let second = try await flow.redeem(code)
            #expect(second.status == .badRequest)
            #expect(second.errorCode == "invalid_grant")
            #expect(try await server.isActive(access) == false)
            #expect(try await server.userInfo(access).status == .unauthorized)
            #expect(try await flow.refresh(refresh).errorCode == "invalid_grant")
            #expect(try await server.isActive(refresh) == false)
            let kinds = try await server.database.all("select kind from audit_events order by occurred_at, kind") { try $0.text(0) }
            #expect(kinds.suffix(1) == ["authorization_code.reused"])
            #expect(kinds.filter { $0 == "authorization_code.redeemed" }.count == 1)
            // A third use changes nothing more.
            #expect(try await flow.redeem(code).errorCode == "invalid_grant")
            let count = try await server.database.first("select count(*) from audit_events where kind = 'authorization_code.reused'") {
                try $0.int(0)
            }
            #expect(count == 1)
        }
    }

    @Test func `twenty redemptions at once give tokens once, and then take them back`() async throws {
        try await withCode(scope: "openid offline_access") { server, flow, code in
            let answers = try await withThrowingTaskGroup(of: TestResponse.self) { group in
                for _ in 0..<20 { group.addTask { try await flow.redeem(code) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let given = answers.filter { $0.status == .ok }
            #expect(given.count == 1)
            #expect(answers.allSatisfy { $0.status == .ok || $0.errorCode == "invalid_grant" })
            let access = try #require(given.first?.json["access_token"]?.string)
            #expect(try await server.isActive(access) == false)
            #expect(try await server.database.first("select count(*) from refresh_tokens") { try $0.int(0) } == 1)
        }
    }

    @Test func `a code of a person disabled meanwhile gives nothing`() async throws {
        try await withCode { server, flow, code in
            try await server.database.execute("update users set disabled_at = now()")
            #expect(try await flow.redeem(code).errorCode == "invalid_grant")
            #expect(try await server.database.first("select count(*) from refresh_tokens") { try $0.int(0) } == 0)
        }
    }

    @Test func `a code names fewer resources when asked, never more`() async throws {
        try await withCode(scope: "openid notes:read") { server, flow, code in
            #expect(try await flow.redeem(code, ["resource": "https://other.example"]).errorCode == "invalid_target")
            let tokens = try await flow.redeem(code, ["resource": "https://api.example"]).json
            let access = try await server.verified(try tokens.text("access_token"), type: "at+jwt")
            #expect(access.claims["aud"] == "https://api.example")
        }
    }
}
