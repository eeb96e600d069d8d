import FoundationEssentials
import OAuth
import OAuthProtocol
import Postgres
import Runtime
import TestKit
import Testing

/// Replays of a rotated token: idempotent in the grace window, the end of the family after it.
@Suite struct RefreshTokenReuseTests {
    private func withTokens(
        _ body: @escaping @Sendable (TestServer, TestFlow, _ refresh: String, _ access: String) async throws -> Void
    ) async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let tokens = try await flow.tokens(scope: "openid offline_access notes:read")
            try await body(
                server, flow, try tokens.text("refresh_token"), try tokens.text("access_token"))
        }
    }

    private func successor(of token: String, _ flow: TestFlow) async throws -> String {
        try #require(try await flow.refresh(token).json["refresh_token"]?.string)
    }

    @Test func `in the grace window a token answers with its own successor, however far the chain has moved`() async throws {
        try await withTokens { server, flow, first, _ in
            let second = try await successor(of: first, flow)
            #expect(try await successor(of: first, flow) == second)
            server.clock.advance(by: .seconds(10))
            let third = try await successor(of: second, flow)
            let fourth = try await successor(of: third, flow)
            server.clock.advance(by: .seconds(19))
            #expect(try await successor(of: first, flow) == second)
            #expect(try await successor(of: second, flow) == third)
            #expect(try await successor(of: third, flow) == fourth)
            #expect(Set([first, second, third, fourth]).count == 4)
            #expect(try await server.database.first("select count(*) from refresh_tokens") { try $0.int(0) } == 4)
            #expect(
                try await server.database.first("select count(*) from audit_events where kind = 'refresh_token.rotated'") {
                    try $0.int(0)
                } == 3)
        }
    }

    @Test func `a replay in the window gives a working access token`() async throws {
        try await withTokens { server, flow, first, _ in
            let answers = [try await flow.refresh(first).json, try await flow.refresh(first).json]
            let access = try answers.map { try #require($0["access_token"]?.string) }
            #expect(Set(access).count == 2)
            for token in access { #expect(try await server.isActive(token) == true) }
        }
    }

    @Test func `a replay in the window is judged like any refresh`() async throws {
        try await withTokens { server, flow, first, _ in
            _ = try await flow.refresh(first)
            #expect(try await flow.refresh(first, ["scope": "notes:write"]).errorCode == "invalid_scope")
            #expect(try await flow.refresh(first, ["resource": "https://other.example"]).errorCode == "invalid_target")
            #expect(
                try await server.token([("grant_type", "refresh_token"), ("refresh_token", first)], basic: nil).status == .unauthorized)
            try await server.database.execute("update users set disabled_at = now()")
            #expect(try await flow.refresh(first).errorCode == "invalid_grant")
        }
    }

    @Test func `after the window a replay ends the family, and nothing of it answers again`() async throws {
        try await withTokens { server, flow, first, firstAccess in
            let rotated = try await flow.refresh(first).json
            let second = try rotated.text("refresh_token")
            let newest = try await flow.refresh(second).json
            let third = try newest.text("refresh_token")
            let access = [firstAccess] + [rotated, newest].compactMap { $0["access_token"]?.string }
            server.clock.advance(by: .seconds(30))
            #expect(try await server.isActive(third) == true)
            let replay = try await flow.refresh(first)
            #expect(replay.status == .badRequest)
            #expect(replay.errorCode == "invalid_grant")
            for token in [first, second, third] {
                #expect(try await flow.refresh(token).errorCode == "invalid_grant")
                #expect(try await server.isActive(token) == false)
            }
            for token in access {
                #expect(try await server.isActive(token) == false)
                #expect(try await server.userInfo(token).status == .unauthorized)
            }
            let family = try await server.database.first("select revoked_reason, revoked_at from grants") {
                (try $0.text(0), try $0.date(1))
            }
            #expect(family?.0 == "refresh_token_reuse")
            #expect(family?.1 == server.clock.now)
            #expect(
                try await server.database.first("select count(*) from audit_events where kind = 'refresh_token.reused'") {
                    try $0.int(0)
                } == 1)
        }
    }

    @Test func `one family's end leaves the person's others alone`() async throws {
        try await withTokens { server, flow, first, _ in
            let other = try await flow.tokens(scope: "openid offline_access")
            _ = try await flow.refresh(first)
            server.clock.advance(by: .minutes(1))
            #expect(try await flow.refresh(first).errorCode == "invalid_grant")
            #expect(try await flow.refresh(try other.text("refresh_token")).status == .ok)
            #expect(try await server.isActive(try other.text("access_token")) == true)
        }
    }

    @Test func `the job erases what successors are made from, and then an old token revokes`() async throws {
        try await withTokens { server, flow, first, access in
            func salts() async throws -> Int? {
                try await server.database.first("select count(*) from refresh_tokens where successor_salt is not null") { try $0.int(0) }
            }
            let second = try await successor(of: first, flow)
            let erasure = OAuthErasure(database: server.database, settings: server.wiring.parts.oauth)
            server.clock.advance(by: .seconds(29))
            try await erasure.eraseSalts(now: server.clock.now, batchMax: 1)
            #expect(try await salts() == 1)
            #expect(try await successor(of: first, flow) == second)
            // Nodes' clocks may differ by a minute.
            server.clock.advance(by: .seconds(62))
            try await erasure.eraseSalts(now: server.clock.now, batchMax: 1)
            #expect(try await salts() == 0)
            #expect(
                try await server.database.first("select count(*) from refresh_tokens where successor_key_id is not null") {
                    try $0.int(0)
                } == 0)
            #expect(try await flow.refresh(first).errorCode == "invalid_grant")
            #expect(try await flow.refresh(second).errorCode == "invalid_grant")
            #expect(try await server.isActive(access) == false)
        }
    }

    @Test func `expired rows are erased, and a token that is gone harms nobody`() async throws {
        try await withTokens { server, flow, first, _ in
            _ = try await flow.refresh(first)
            let erasure = OAuthErasure(database: server.database, settings: server.wiring.parts.oauth)
            try await erasure.eraseExpired(now: server.clock.now, batchMax: 1)
            #expect(try await server.database.first("select count(*) from refresh_tokens") { try $0.int(0) } == 2)
            server.clock.advance(by: .days(9))
            try await erasure.eraseExpired(now: server.clock.now, batchMax: 1)
            #expect(try await server.database.first("select count(*) from refresh_tokens") { try $0.int(0) } == 0)
            #expect(try await server.database.first("select count(*) from authorization_codes") { try $0.int(0) } == 0)
            #expect(try await server.database.first("select count(*) from grants") { try $0.int(0) } == 1)
            #expect(try await flow.refresh(first).errorCode == "invalid_grant")
            server.clock.advance(by: .days(90))
            try await erasure.eraseExpired(now: server.clock.now, batchMax: 1)
            #expect(try await server.database.first("select count(*) from grants") { try $0.int(0) } == 0)
        }
    }

    @Test func `the database holds no token that would work`() async throws {
        try await withTokens { server, flow, first, access in
            let second = try await successor(of: first, flow)
            let tables = try await server.database.all("select tablename::text from pg_tables where schemaname = 'public'") {
                try $0.text(0)
            }
            for table in tables {
                let rows = try await server.database.all("select row_to_json(t)::text from \(table) t") { try $0.text(0) }
                for row in rows {
                    for secret in [String(first.dropFirst(6)), String(second.dropFirst(6)), access, "app-secret", "analytical-engine"] {
                        #expect(!row.contains(secret), "\(table)")
                    }
                }
            }
        }
    }

    @Test func `sign-out ends what belongs to the session, and leaves offline access`() async throws {
        try await withTokens { server, flow, offline, offlineAccess in
            let bound = try await flow.tokens(scope: "openid notes:read")
            let boundRefresh = try bound.text("refresh_token")
            let boundAccess = try bound.text("access_token")
            server.clock.advance(by: .seconds(10))
            let page = try await flow.browser.open("/sign-out")
            _ = try await flow.browser.submit("sign-out-form", of: page)
            try await server.wiring.revocations.load(now: server.clock.now)
            #expect(try await flow.refresh(boundRefresh).errorCode == "invalid_grant")
            #expect(try await server.isActive(boundRefresh) == false)
            #expect(try await server.isActive(boundAccess) == false)
            #expect(try await server.userInfo(boundAccess).status == .unauthorized)
            server.clock.advance(by: .seconds(10))
            let refreshed = try await flow.refresh(offline)
            #expect(refreshed.status == .ok)
            // What is given after the sign-out works.
            let access = try refreshed.json.text("access_token")
            #expect(try await server.isActive(access) == true)
            #expect(try await server.userInfo(access).status == .ok)
            _ = offlineAccess
        }
    }

    @Test func `a session's own end ends its refresh tokens`() async throws {
        try await TestServer.run(configure: { $0.sessionLimits.absolute = .hours(24) }) { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let bound = try #require(try await flow.tokens(scope: "openid")["refresh_token"]?.string)
            let offline = try #require(try await flow.tokens(scope: "openid offline_access")["refresh_token"]?.string)
            server.clock.advance(by: .hours(24))
            #expect(try await flow.refresh(bound).errorCode == "invalid_grant")
            #expect(try await flow.refresh(offline).status == .ok)
        }
    }
}
