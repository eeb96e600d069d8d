import FoundationEssentials
import HummingbirdTesting
import OAuth
import OAuthProtocol
import Postgres
import Runtime
import TestKit
import Testing

@Suite struct RefreshTokenConcurrencyTests {
    @Test func `fifty copies of one refresh at two nodes get one successor`() async throws {
        try await TestServer.run { first in
            try await first.addUser()
            try await first.addClient()
            let flow = TestFlow(first)
            let refresh = try #require(try await flow.tokens(scope: "openid offline_access")["refresh_token"]?.string)
            try await first.withSecondNode { second in
                let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)]
                let answers = try await withThrowingTaskGroup(of: TestResponse.self) { group in
                    for number in 0..<50 { group.addTask { try await (number.isMultiple(of: 2) ? first : second).token(fields) } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.count == 50)
                #expect(answers.allSatisfy { $0.status == .ok })
                let successors = Set(answers.compactMap { $0.json["refresh_token"]?.string })
                #expect(successors.count == 1)
                let access = answers.compactMap { $0.json["access_token"]?.string }
                #expect(Set(access).count == 50)
                for (number, token) in access.enumerated() {
                    #expect(try await (number.isMultiple(of: 2) ? second : first).isActive(token) == true)
                }
                #expect(try await first.database.first("select count(*) from refresh_tokens") { try $0.int(0) } == 2)
                #expect(
                    try await first.database.first("select count(*) from audit_events where kind = 'refresh_token.rotated'") {
                        try $0.int(0)
                    } == 1)
                // The successor works at either node, and an older token afterwards ends the family at both.
                let newest = try await second.token([("grant_type", "refresh_token"), ("refresh_token", try #require(successors.first))])
                #expect(newest.status == .ok)
                first.clock.advance(by: .seconds(31))
                #expect(try await first.token(fields).errorCode == "invalid_grant")
                let last = try newest.json.text("refresh_token")
                #expect(try await second.token([("grant_type", "refresh_token"), ("refresh_token", last)]).errorCode == "invalid_grant")
                // As the NOTIFY would.
                try await second.wiring.revocations.load(now: first.clock.now)
                for token in access {
                    #expect(try await first.isActive(token) == false)
                    #expect(try await second.isActive(token) == false)
                }
            }
        }
    }

    @Test func `rotation and reuse at once leave no live token behind`() async throws {
        try await TestServer.run { first in
            try await first.addUser()
            try await first.addClient()
            let flow = TestFlow(first)
            let old = try #require(try await flow.tokens(scope: "openid offline_access")["refresh_token"]?.string)
            let newest = try #require(try await flow.refresh(old).json["refresh_token"]?.string)
            first.clock.advance(by: .minutes(1))
            try await first.withSecondNode { second in
                let answers = try await withThrowingTaskGroup(of: TestResponse.self) { group in
                    for number in 0..<20 {
                        let token = number.isMultiple(of: 4) ? old : newest
                        let server = number.isMultiple(of: 2) ? first : second
                        group.addTask { try await server.token([("grant_type", "refresh_token"), ("refresh_token", token)]) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.allSatisfy { $0.status == .ok || $0.errorCode == "invalid_grant" })
                for token in Set(answers.compactMap { $0.json["refresh_token"]?.string }) {
                    #expect(
                        try await second.token([("grant_type", "refresh_token"), ("refresh_token", token)]).errorCode == "invalid_grant")
                }
            }
        }
    }

    @Test func `a crowd of families shares transactions, and each gets its own successor`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            var families: [String] = []
            for _ in 0..<12 { families.append(try await flow.tokens(scope: "openid offline_access").text("refresh_token")) }
            // While one family is held, the first batch can't pass it by waiting: what it leaves is judged by itself, the rest goes on.
            let held = families[0]
            let answers = try await server.database.transaction { transaction in
                try await transaction.execute(
                    "select from grants g join refresh_tokens t on t.grant_id = g.id where t.token_hash = sha256($1::bytea) for update of g",
                    [.bytes(Array(held.utf8))])
                let waiting = Task { try await flow.refresh(held) }
                let others = try await withThrowingTaskGroup(of: TestResponse.self) { group in
                    for token in families.dropFirst() { group.addTask { try await flow.refresh(token) } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                return (waiting, others)
            }
            let all = answers.1 + [try await answers.0.value]
            #expect(all.allSatisfy { $0.status == .ok })
            #expect(Set(all.compactMap { $0.json["refresh_token"]?.string }).count == families.count)
            let counts = try await server.database.first(
                "select count(*), count(distinct transaction_id) from audit_events where kind = 'refresh_token.rotated'"
            ) { (rotated: try $0.int(0), transactions: try $0.int(1)) }
            #expect(counts?.rotated == families.count)
            #expect(counts.map { $0.transactions < families.count } == true)
        }
    }

    @Test func `in a crowd each token is judged for itself`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            try await server.addClient("app2")
            let flow = TestFlow(server)
            var families: [String] = []
            for _ in 0..<6 { families.append(try await flow.tokens(scope: "openid offline_access").text("refresh_token")) }
            let hash = "token_hash = sha256($1::bytea)"
            try await server.database.execute(
                "update refresh_tokens set expires_at = $2 where \(hash)",
                [.bytes(Array(families[1].utf8)), .timestamp(server.clock.now - .seconds(1))])
            try await server.database.execute(
                "update grants set revoked_at = $2 where id = (select grant_id from refresh_tokens where \(hash))",
                [.bytes(Array(families[2].utf8)), .timestamp(server.clock.now - .seconds(1))])
            try await server.database.execute(
                "update grants set client_id = 'app2' where id = (select grant_id from refresh_tokens where \(hash))",
                [.bytes(Array(families[3].utf8))])
            let extra: [Int: [String: String]] = [
                4: ["scope": "openid notes:write"], 5: ["resource": "https://a.example https://b.example"],
            ]
            let answers = try await withThrowingTaskGroup(of: (Int, TestResponse).self) { group in
                for (number, token) in families.enumerated() {
                    group.addTask { (number, try await flow.refresh(token, extra[number] ?? [:])) }
                }
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            #expect(answers[0]?.status == .ok)
            for number in 1...3 { #expect(answers[number]?.errorCode == "invalid_grant", "\(number)") }
            #expect(answers[4]?.errorCode == "invalid_scope")
            #expect(answers[5]?.errorCode == "invalid_target")
            // What was refused wrote nothing.
            #expect(try await server.database.first("select count(*) from refresh_tokens") { try $0.int(0) } == families.count + 1)
        }
    }
}
