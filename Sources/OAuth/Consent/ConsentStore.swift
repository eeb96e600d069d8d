import FoundationEssentials
import OAuthProtocol
import Postgres

/// What people have allowed applications, remembered. Every method throws `PostgresError`.
struct ConsentStore: Sendable {
    private let database: any Queryable

    init(_ database: any Queryable) {
        self.database = database
    }

    func find(userID: UUID, clientID: String) async throws -> ScopeSet {
        let scopes = try await database.first(
            "select scopes from consents where user_id = $1 and client_id = $2", [.uuid(userID), .text(clientID)]
        ) { try $0.texts(0) }
        return try ScopeSet(scopes ?? [])
    }

    /// Adds to what this person has allowed this client before.
    func insert(userID: UUID, clientID: String, scopes: ScopeSet, now: Date) async throws {
        try await database.execute(
            """
            insert into consents as held (user_id, client_id, scopes, granted_at) values ($1, $2, $3, $4)
            on conflict (user_id, client_id) do update
            set scopes = array(select distinct unnest(held.scopes || excluded.scopes) order by 1), granted_at = excluded.granted_at
            """, [.uuid(userID), .text(clientID), .texts(scopes.array), .timestamp(now)])
    }
}
