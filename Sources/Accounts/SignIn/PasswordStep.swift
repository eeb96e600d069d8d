import FoundationEssentials
import OAuthProtocol
import Postgres

/// The first factor: a user name or e-mail address, and a password.
struct PasswordStep: Sendable {
    let database: any Queryable
    let hasher: PasswordHasher

    /// - Returns: the person, or nil for an unknown or disabled account, one without a password, or a wrong password;
    ///   all take the same time.
    /// - Throws: `temporarily_unavailable` when too many passwords are waiting; `PostgresError`.
    func check(login: String, password: String) async throws -> User? {
        let user = try await UserStore(database).find(login: login)
        let isRight: Bool
        do {
            isRight = try await hasher.verify(password, against: user?.passwordHash)
        } catch PasswordHasherError.queueFull {
            throw OAuthError.temporarilyUnavailable(reason: "password queue is full")
        } catch PasswordHasherError.stopped {
            throw OAuthError.temporarilyUnavailable(reason: "the server is stopping")
        }
        guard isRight, let user, user.disabledAt == nil, let hash = user.passwordHash else { return nil }
        if hash.needsRehash(for: hasher.cost), let stronger = try? await hasher.hash(password) {
            try await UserStore(database).rehash(user.id, from: hash, to: stronger)
        }
        return user
    }
}
