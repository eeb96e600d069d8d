import Accounts
import OAuth
import Runtime
import TestKit

/// The person of these tests, as an operator sees her.
enum TestUsers {
    static func ada(_ server: TestServer) async throws -> User? { try await UserStore(server.database).find(login: "ada") }

    /// As after a changed password; this node hears of it.
    static func signOutEverywhere(_ user: User, _ server: TestServer) async throws {
        let now = server.clock.now
        try await server.database.transaction { transaction in
            try await UserStore(transaction).signOutEverywhere(
                user.id, reason: "password_changed", now: now, accessUntil: now + OAuthSettings.accessTokenLifetimeMax)
        }
        try await server.wiring.revocations.load(now: now)
    }
}
