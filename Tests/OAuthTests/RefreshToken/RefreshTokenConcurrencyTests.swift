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
}
