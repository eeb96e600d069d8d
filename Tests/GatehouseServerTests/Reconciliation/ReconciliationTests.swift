import Accounts
import FoundationEssentials
import GatehouseServer
import Keys
import OAuth
import OAuthProtocol
import Postgres
import Runtime
import TestKit
import Testing

@Suite struct ReconciliationTests {
    private static let yaml = """
        local: true
        resources:
          - identifier: https://api.example
            scopes: [{ name: "notes:read", title: Read }]
        clients:
          - client_id: web
            name: Web application
            secret: { plain: web-secret }
            grant_types: [authorization_code, refresh_token]
            redirect_uris: [https://web.example/callback]
            scopes: [openid, "notes:read"]
          - client_id: job
            secret: { plain: job-secret }
            grant_types: [client_credentials]
            scopes: ["notes:read"]
        users:
          - username: grace
            password: { plain: nanoseconds }
            name: Grace Hopper
            email: grace@example.org
            roles: [admin]
          - username: alan
            password: { plain: halting-problem }
        """

    private func settings(_ change: (inout String) -> Void = { _ in }) throws -> GatehouseSettings {
        var yaml = Self.yaml
        change(&yaml)
        return try GatehouseSettings.parse(yaml)
    }

    private func apply(_ settings: GatehouseSettings, _ server: TestServer, dryRun: Bool = false) async throws -> [String] {
        try await Reconciliation(settings: settings, wiring: server.wiring).apply(dryRun: dryRun).map(\.line)
    }

    /// Everything that could be written, as one text.
    private func contents(_ server: TestServer) async throws -> [String] {
        var rows: [String] = []
        for table in ["clients", "client_origins", "users", "sessions", "grants", "revocations", "audit_events"] {
            rows += try await server.database.all("select '\(table) ' || row_to_json(t)::text from \(table) t order by 1") {
                try $0.text(0)
            }
        }
        return rows
    }

    @Test func `what is declared is created, and works`() async throws {
        try await TestServer.run { server in
            let lines = try await apply(try settings(), server)
            #expect(lines == ["create client web", "create client job", "create user grace", "create user alan"])
            #expect(try await server.token([("grant_type", "client_credentials")], basic: ("job", "job-secret")).status == .ok)
            var flow = TestFlow(server)
            flow.clientID = "web"
            flow.secret = "web-secret"
            flow.redirectURI = "https://web.example/callback"
            flow.username = "grace"
            flow.password = "nanoseconds"
            let access = try #require(try await flow.tokens(scope: "openid notes:read")["access_token"]?.string)
            #expect(try TestServer.part(1, of: access)["roles"]?.strings == ["admin"])
            let kinds = try await server.database.all(
                "select kind from audit_events where detail->>'by' = 'settings' order by kind"
            ) { try $0.text(0) }
            #expect(kinds == ["client.created", "client.created", "user.created", "user.created"])
        }
    }

    @Test func `a restart changes nothing, not even a hash`() async throws {
        try await TestServer.run { server in
            _ = try await apply(try settings(), server)
            let before = try await contents(server)
            server.clock.advance(by: .days(1))
            #expect(try await apply(try settings(), server) == [])
            #expect(try await contents(server) == before)
        }
    }

    @Test func `ten nodes that start at once agree`() async throws {
        try await TestServer.run { server in
            let settings = try settings()
            let lines = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<10 { group.addTask { try await apply(settings, server) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            // Passwords are hashed before the lock, with a salt each; who comes second keeps the first one's.
            #expect(lines.flatMap { $0 }.count == 4)
            #expect(try await server.database.first("select count(*) from clients") { try $0.int(0) } == 2)
            #expect(try await server.database.first("select count(*) from users") { try $0.int(0) } == 2)
            #expect(try await apply(settings, server) == [])
        }
    }

    @Test func `a dry run tells the plan and does nothing`() async throws {
        try await TestServer.run { server in
            let planned = try await apply(try settings(), server, dryRun: true)
            #expect(planned.count == 4)
            #expect(try await contents(server) == [])
            #expect(try await apply(try settings(), server) == planned)
            let before = try await contents(server)
            let changed = try settings { $0 = $0.replacing("Grace Hopper", with: "Rear Admiral Hopper") + "\nprune: true\n" }
            #expect(try await apply(changed, server, dryRun: true) == ["change user grace (claims)"])
            #expect(try await contents(server) == before)
        }
    }

    @Test func `what differs is changed, and named without its value`() async throws {
        try await TestServer.run { server in
            _ = try await apply(try settings(), server)
            let changed = try settings { yaml in
                yaml = yaml.replacing("web-secret", with: "new-secret").replacing("web.example", with: "www.example")
                    .replacing("nanoseconds", with: "microseconds").replacing("grace@example.org", with: "hopper@example.org")
                    .replacing("roles: [admin]", with: "roles: [admin, auditor]")
            }
            server.clock.advance(by: .hours(1))
            let lines = try await apply(changed, server)
            #expect(lines == ["change client web (metadata, secret)", "change user grace (email, roles, password)"])
            #expect(try await apply(changed, server) == [])
            #expect(
                try await server.database.all("select origin from client_origins where client_id = 'web'") { try $0.text(0) } == [
                    "https://www.example"
                ])
            let answer = try await server.token([("grant_type", "refresh_token"), ("refresh_token", "x")], basic: ("web", "web-secret"))
            #expect(answer.errorCode == "invalid_client")
            let user = try await UserStore(server.database).find(login: "hopper@example.org")
            #expect(user?.updatedAt == server.clock.now)
            let hash = try #require(user?.passwordHash)
            #expect(try await server.wiring.hasher.verify("microseconds", against: hash))
        }
    }

    @Test func `what has left the file stays, unless prune says otherwise`() async throws {
        try await TestServer.run { server in
            _ = try await apply(try settings(), server)
            try await server.addClient("other") { $0.origin = .created }
            try await server.addUser("other")
            let token = try await server.clientToken(basic: ("job", "job-secret"))
            let without = """
                local: true
                clients:
                  - client_id: web
                    name: Web application
                    secret: { plain: web-secret }
                    grant_types: [authorization_code, refresh_token]
                    redirect_uris: [https://web.example/callback]
                    scopes: [openid, "notes:read"]
                resources:
                  - identifier: https://api.example
                    scopes: [{ name: "notes:read", title: Read }]
                """
            #expect(try await apply(try GatehouseSettings.parse(without), server) == [])
            #expect(
                try await apply(try GatehouseSettings.parse(without + "\nprune: true\n"), server) == [
                    "remove client job", "remove user alan", "remove user grace",
                ])
            // Only what was declared: what commands and people made is theirs.
            #expect(try await server.database.all("select client_id from clients order by 1") { try $0.text(0) } == ["other", "web"])
            #expect(try await server.database.all("select username from users") { try $0.text(0) } == ["other"])
            try await server.wiring.revocations.load(now: server.clock.now)
            await #expect(throws: OAuthError.self) { try await server.wiring.verification.verify(token, now: server.clock.now) }
        }
    }

    @Test func `what exists under a declared name is adopted`() async throws {
        try await TestServer.run { server in
            try await server.addClient("web", secret: "old") { client in
                client.origin = .registered
                client.registrationTokenHash = TokenHash(of: "gh_reg_x")
            }
            let user = try await server.addUser("Grace", password: "old-password")
            let lines = try await apply(try settings(), server)
            #expect(lines.count == 4)
            #expect(lines[0].hasPrefix("change client web ("))
            #expect(lines[0].contains("origin"))
            #expect(lines[2].hasPrefix("change user grace ("))
            #expect(lines[2].contains("declared"))
            let client = try #require(try await ClientStore(server.database).find(id: "web"))
            #expect(client.origin == .declared)
            #expect(client.registrationTokenHash == nil)
            // The same person: what refers to them still does.
            #expect(try await UserStore(server.database).find(login: "grace")?.id == user.id)
            #expect(try await apply(try settings(), server) == [])
        }
    }

    @Test func `a user declared as disabled is signed out everywhere, and can come back`() async throws {
        try await TestServer.run { server in
            _ = try await apply(try settings(), server)
            var flow = TestFlow(server)
            flow.clientID = "web"
            flow.secret = "web-secret"
            flow.redirectURI = "https://web.example/callback"
            flow.username = "grace"
            flow.password = "nanoseconds"
            let tokens = try await flow.tokens(scope: "openid")
            let access = try tokens.text("access_token")
            let disabled = try settings { $0 = $0.replacing("    roles: [admin]", with: "    roles: [admin]\n    disabled: true") }
            #expect(try await apply(disabled, server) == ["change user grace (disabled)"])
            try await server.wiring.revocations.load(now: server.clock.now)
            #expect(try await server.userInfo(access).status == .unauthorized)
            #expect(try await flow.refresh(try tokens.text("refresh_token")).errorCode == "invalid_grant")
            #expect(try await apply(disabled, server) == [])
            server.clock.advance(by: .minutes(1))
            #expect(try await apply(try settings(), server) == ["change user grace (disabled)"])
            // A new sign-in works; what was revoked stays so.
            let again = try await flow.tokens(scope: "openid")
            #expect(try await server.userInfo(try again.text("access_token")).status == .ok)
            #expect(try await server.userInfo(access).status == .unauthorized)
        }
    }

    @Test func `when one step fails, nothing is done`() async throws {
        try await TestServer.run { server in
            try await server.addUser("someone") { $0.email = "grace@example.org" }
            let before = try await contents(server)
            await #expect(throws: PostgresError.self) { try await apply(try settings(), server) }
            #expect(try await contents(server) == before)
            let unreadable = try settings { $0 = $0.replacing("grace@example.org", with: "grace2@example.org") }
            #expect(try await apply(unreadable, server).count == 4)
        }
    }
}
