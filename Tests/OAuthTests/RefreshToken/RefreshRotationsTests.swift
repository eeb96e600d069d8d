import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres
import Runtime
import TestKit
import Testing

@testable import OAuth

/// What a batch of rotations owes each of those that share it.
@Suite struct RefreshRotationsTests {
    @Test func `a token that the database refuses takes none of its batch with it`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            var tokens: [String] = []
            for _ in 0..<8 { tokens.append(try await flow.tokens(scope: "openid offline_access").text("refresh_token")) }
            let spoiled = 5
            let hash = TokenHash(of: tokens[spoiled]).bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
            try await server.database.execute(
                "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$")
            try await server.database.execute(
                """
                create trigger refuse before update on refresh_tokens
                for each row when (old.token_hash = '\\x\(hash)'::bytea) execute function refuse()
                """)
            let rotations = RefreshRotations(server.database)
            // While the table is held, two statements wait at the database and everything else for the batch after them.
            let tasks = try await server.database.transaction { transaction in
                try await transaction.execute("lock table refresh_tokens in exclusive mode")
                func submit(_ tokens: ArraySlice<String>) -> [Task<RefreshTokenVerdict, any Error>] {
                    tokens.map { token in Task { try await rotations.rotate(.first(token, server)) } }
                }
                let first = submit(tokens[..<2])
                try await eventually("two statements wait") {
                    try await transaction.first(
                        "select count(*) from pg_locks where not granted and relation = 'refresh_tokens'::regclass"
                    ) { try $0.int(0) } == 2
                }
                let rest = submit(tokens[2...])
                try await eventually("the rest waits") { rotations.waitingCount == rest.count }
                return first + rest
            }
            for (number, task) in tasks.enumerated() {
                switch await task.result {
                case .success(.rotated): #expect(number != spoiled)
                case .failure(is PostgresError): #expect(number == spoiled)
                case let other: Issue.record("\(number): \(other)")
                }
            }
            #expect(try await server.database.first("select count(*) from refresh_tokens") { try $0.int(0) } == tokens.count * 2 - 1)
            // The six of the batch that failed were taken one by one: none is on record twice, and each has a transaction of its own.
            let events = try await server.database.first(
                "select count(*), count(distinct transaction_id) from audit_events where kind = 'refresh_token.rotated'"
            ) { (rotated: try $0.int(0), transactions: try $0.int(1)) }
            #expect(events?.rotated == tokens.count - 1 && events?.transactions == tokens.count - 1)
        }
    }
}
