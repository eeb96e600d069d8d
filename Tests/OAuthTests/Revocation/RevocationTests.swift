import FoundationEssentials
import OAuth
import OAuthProtocol
import Postgres
import Runtime
import TestKit
import Testing

@Suite struct RevocationTests {
    private func withTokens(
        _ body: @escaping @Sendable (TestServer, TestFlow, _ refresh: String, _ access: String) async throws -> Void
    ) async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            try await server.addClient("other", secret: "other-secret")
            let flow = TestFlow(server)
            let tokens = try await flow.tokens(scope: "openid offline_access")
            try await body(
                server, flow, try tokens.text("refresh_token"), try tokens.text("access_token"))
        }
    }

    @Test func `a refresh token ends with its grant and its access tokens`() async throws {
        try await withTokens { server, flow, refresh, access in
            let answer = try await server.revoke(refresh)
            #expect(answer.status == .ok)
            #expect(answer.headers[.cacheControl] == "no-store")
            #expect(try await flow.refresh(refresh).errorCode == "invalid_grant")
            #expect(try await server.isActive(access) == false)
            #expect(try await server.userInfo(access).status == .unauthorized)
            #expect(try await server.database.first("select revoked_reason from grants") { try $0.text(0) } == "client")
            // Again: nothing new.
            #expect(try await server.revoke(refresh).status == .ok)
            #expect(
                try await server.database.first("select count(*) from audit_events where kind = 'grant.revoked'") { try $0.int(0) } == 1)
        }
    }

    @Test func `a rotated refresh token ends its family too`() async throws {
        try await withTokens { server, flow, refresh, _ in
            let next = try #require(try await flow.refresh(refresh).json["refresh_token"]?.string)
            #expect(try await server.revoke(refresh).status == .ok)
            #expect(try await flow.refresh(next).errorCode == "invalid_grant")
            #expect(try await flow.refresh(refresh).errorCode == "invalid_grant")
        }
    }

    @Test func `an access token ends alone`() async throws {
        try await withTokens { server, flow, refresh, access in
            #expect(try await server.revoke(access).status == .ok)
            #expect(try await server.isActive(access) == false)
            #expect(try await server.userInfo(access).status == .unauthorized)
            let next = try await flow.refresh(refresh)
            #expect(next.status == .ok)
            #expect(try await server.isActive(try next.json.text("access_token")) == true)
        }
    }

    @Test func `a client's own token can be revoked`() async throws {
        try await withTokens { server, _, _, _ in
            let token = try await server.clientToken()
            #expect(try await server.revoke(token).status == .ok)
            #expect(try await server.isActive(token) == false)
            let left = try await server.clientToken()
            #expect(try await server.isActive(left) == true)
        }
    }

    @Test func `another client changes nothing`() async throws {
        try await withTokens { server, flow, refresh, access async throws in
            for token in [refresh, access] {
                #expect(try await server.revoke(token, basic: ("other", "other-secret")).status == .ok)
            }
            #expect(try await server.isActive(access) == true)
            #expect(try await flow.refresh(refresh).status == .ok)
            #expect(try await server.database.first("select count(*) from revocations") { try $0.int(0) } == 0)
        }
    }

    @Test func `unknown tokens are answered as known ones, and nothing is stored`() async throws {
        try await withTokens { server, _, refresh, _ in
            for token in ["unknown", "gh_rt_unknown", refresh + "x", "a.b.c", "gh_ac_x", String(repeating: "x", count: 16_384)] {
                let answer = try await server.revoke(token)
                #expect(answer.status == .ok)
                #expect(answer.text.isEmpty)
            }
            #expect(try await server.database.first("select count(*) from revocations") { try $0.int(0) } == 0)
        }
    }

    @Test func `only who proves to be a client may ask; public clients name themselves`() async throws {
        try await withTokens { server, flow, refresh, _ in
            #expect(try await server.revoke(refresh, basic: nil).status == .unauthorized)
            #expect(try await server.revoke(refresh, basic: ("app", "wrong")).status == .unauthorized)
            try await server.addClient("spa", secret: nil)
            var spa = TestFlow(server, browser: flow.browser)
            spa.clientID = "spa"
            spa.secret = nil
            let token = try #require(try await spa.tokens()["refresh_token"]?.string)
            #expect(try await server.post("/oauth2/revoke", [("token", token), ("client_id", "spa")]).status == .ok)
            #expect(try await spa.refresh(token).errorCode == "invalid_grant")
            // `app` is confidential: its name alone is not enough.
            #expect(try await server.post("/oauth2/revoke", [("token", refresh), ("client_id", "app")]).status == .unauthorized)
            #expect(try await flow.refresh(refresh).status == .ok)
        }
    }

    @Test func `a revocation reaches the second node`() async throws {
        try await withTokens { server, _, refresh, access in
            let own = try await server.clientToken()
            try await server.withSecondNode { second in
                #expect(try await second.isActive(access) == true)
                #expect(try await second.isActive(own) == true)
                try await server.revoke(refresh)
                try await server.revoke(own)
                // As the NOTIFY would.
                try await second.wiring.revocations.load(now: second.clock.now)
                #expect(try await second.isActive(access) == false)
                #expect(try await second.userInfo(access).status == .unauthorized)
                #expect(try await second.isActive(own) == false)
            }
            // A node that starts later knows it from the start.
            try await server.withSecondNode { third async throws in
                #expect(try await third.isActive(access) == false)
                #expect(try await third.isActive(own) == false)
            }
        }
    }

    @Test func `revocations are forgotten once nothing can need them`() async throws {
        try await withTokens { server, _, refresh, _ in
            try await server.revoke(refresh)
            let erasure = OAuthErasure(database: server.database, settings: server.wiring.parts.oauth)
            server.clock.advance(by: .hours(24) - .seconds(1))
            try await erasure.eraseExpired(now: server.clock.now, batchMax: 10)
            #expect(try await server.database.first("select count(*) from revocations") { try $0.int(0) } == 1)
            server.clock.advance(by: .seconds(2))
            try await erasure.eraseExpired(now: server.clock.now, batchMax: 10)
            #expect(try await server.database.first("select count(*) from revocations") { try $0.int(0) } == 0)
        }
    }

    @Test func `a client that is erased takes its tokens along`() async throws {
        try await withTokens { server, flow, refresh, access in
            let accessUntil = server.clock.now + .hours(24)
            try await server.database.transaction {
                try await ClientStore($0).erase("app", now: server.clock.now, accessUntil: accessUntil)
            }
            server.wiring.clients.flush()
            try await server.wiring.revocations.load(now: server.clock.now)
            #expect(try await server.userInfo(access).status == .unauthorized)
            #expect(try await flow.refresh(refresh).status == .unauthorized)
            #expect(try await server.database.first("select count(*) from refresh_tokens") { try $0.int(0) } == 0)
        }
    }
}
