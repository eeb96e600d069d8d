import Accounts
import FoundationEssentials
import OAuthProtocol
import Postgres

/// What userinfo reads, in one round trip. Every method throws `PostgresError`.
struct UserInfoStore: Sendable {
    private let database: any Queryable

    init(_ database: any Queryable) {
        self.database = database
    }

    /// - Returns: the user, and the claims that the grant's request named; nil when the user is disabled or either is gone.
    func find(userID: UUID, grantID: UUID) async throws -> (User, ClaimsRequest?)? {
        try await database.first(
            """
            select grants.claims, \(UserStore.columns)
            from grants join users on users.id = grants.user_id
            where grants.id = $1 and users.id = $2 and users.disabled_at is null and grants.revoked_at is null
            """, [.uuid(grantID), .uuid(userID)]
        ) { row in
            (
                try UserStore.decode(row, from: 1),
                try row.optionalJSON(0).map { try ClaimsRequest(parsing: String(decoding: $0, as: UTF8.self), bytesMax: 65_536) }
            )
        }
    }
}
