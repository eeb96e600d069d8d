import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres
import Runtime
import TestKit
import Testing

@testable import OAuth

/// A refresh costs the same whatever else is in the database, and whatever the planner knew of it when the statement was prepared.
@Suite struct RefreshTokenPlanTests {
    /// What had happened to the tables when a connection chose its plan.
    enum Knowledge: CaseIterable {
        case none, small, current
    }

    private static let batchCount = 8

    @Test(arguments: Knowledge.allCases) func `a batch reads its own families and tokens alone`(_ knowledge: Knowledge) async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let tokens = try await Self.tokens(Self.batchCount, server)
            if knowledge == .small { try await server.database.execute("analyze") }
            try await Self.fill(server.database)
            if knowledge == .current { try await server.database.execute("analyze") }
            let batch = tokens.map { RefreshTokenStore.Rotation.first($0, server) }
            try await server.database.transaction { transaction in
                try await transaction.execute("set local plan_cache_mode = force_generic_plan")
                let before = try await Self.reads(transaction)
                let verdicts = try await RefreshTokenStore(transaction).rotate(batch)
                #expect(try verdicts.allSatisfy { if case .rotated = try $0.get() { true } else { false } })
                for (table, count) in try await Self.reads(transaction) {
                    let read = count - (before[table] ?? 0)
                    // Once to judge and once to write, and its versions of this transaction.
                    #expect(read <= 4 * Self.batchCount, "\(table): \(read) rows for \(Self.batchCount) refreshes")
                }
            }
        }
    }

    @Test func `a batch is planned a few times, then no more`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let tokens = try await Self.tokens(8, server)
            try await server.database.execute("analyze")
            try await server.database.transaction { transaction in
                for token in tokens { _ = try await RefreshTokenStore(transaction).rotate([.first(token, server)]) }
                let plans = try await transaction.first(
                    "select custom_plans, generic_plans from pg_prepared_statements where statement like 'with asked%'", []
                ) { (custom: try $0.int(0), kept: try $0.int(1)) }
                // PostgreSQL plans a statement five times before it compares.
                #expect((plans?.custom ?? 9) <= 5 && (plans?.kept ?? 0) >= 3, "\(String(describing: plans))")
            }
        }
    }

    private static func tokens(_ count: Int, _ server: TestServer) async throws -> [String] {
        let flow = TestFlow(server)
        var tokens: [String] = []
        for _ in 0..<count { tokens.append(try await flow.tokens(scope: "openid offline_access").text("refresh_token")) }
        return tokens
    }

    /// Two thousand other families of the same client and person, each with a session of its own.
    private static func fill(_ database: Database) async throws {
        try await database.execute(
            """
            with held as (
                insert into sessions (id, token_hash, user_id, created_at, authenticated_at, methods, last_seen_at, expires_at, address)
                select gen_random_uuid(), sha256(convert_to('session ' || n, 'UTF8')), s.user_id, s.created_at, s.authenticated_at, s.methods,
                    s.last_seen_at, s.expires_at, s.address
                from (select * from sessions limit 1) s, generate_series(1, 2000) n
                returning id, user_id
            ), families as (
                insert into grants (id, client_id, user_id, session_id, offline, scopes, audiences, authenticated_at, methods, created_at, expires_at)
                select gen_random_uuid(), g.client_id, g.user_id, held.id, g.offline, g.scopes, g.audiences, g.authenticated_at, g.methods,
                    g.created_at, g.expires_at
                from (select * from grants limit 1) g, held
                returning id, created_at, expires_at
            )
            insert into refresh_tokens (token_hash, grant_id, created_at, expires_at)
            select sha256(convert_to('token ' || id, 'UTF8')), id, created_at, expires_at from families
            """)
    }

    private static func reads(_ transaction: any Queryable) async throws -> [String: Int] {
        let rows = try await transaction.all(
            """
            select relname::text, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables
            where relname in ('grants', 'refresh_tokens', 'sessions', 'users')
            """, []
        ) { (try $0.text(0), try $0.int(1)) }
        return Dictionary(rows) { $1 }
    }
}

extension RefreshTokenStore.Rotation {
    /// Of a token that is presented for the first time.
    static func first(_ token: String, _ server: TestServer) -> Self {
        let randomness = SystemRandomness()
        let now = server.clock.now
        return Self(
            presented: TokenHash(of: token), clientID: "app", constraint: nil, requestedScopes: [], requestedAudiences: [],
            salt: randomness.bytes(RefreshSuccessor.saltByteCount), keyID: "k",
            successor: TokenHash(of: Base64URL.encode(randomness.bytes(32))),
            eventID: randomness.uuid(at: now), address: "192.0.2.1", now: now, graceFrom: now - .seconds(30),
            successorExpiresAt: now + .days(7))
    }
}
