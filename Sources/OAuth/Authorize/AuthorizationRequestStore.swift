import FoundationEssentials
import Keys
import Postgres
import Web

/// Authorization requests that wait for a person. Every method throws `PostgresError`.
struct AuthorizationRequestStore: Sendable {
    /// A request as it was sent, to be checked again.
    struct Waiting: Sendable {
        let id: UUID
        let parameters: String
        let createdAt: Date
    }

    private let database: any Queryable

    init(_ database: any Queryable) {
        self.database = database
    }

    func insert(
        id: UUID, handle: OpaqueToken, browser: TokenHash?, clientID: String, parameters: String, now: Date, expiresAt: Date
    ) async throws {
        try await database.execute(
            """
            insert into authorization_requests (id, handle_hash, browser_hash, client_id, parameters, created_at, expires_at)
            values ($1, $2, $3, $4, $5, $6, $7)
            """,
            [
                .uuid(id), .bytes(handle.hash.bytes), .optionalBytes(browser?.bytes), .text(clientID), .text(parameters), .timestamp(now),
                .timestamp(expiresAt),
            ])
    }

    /// Finds a request in the browser that brought it; one that came by a cross-site POST belongs to the first browser that asks.
    func find(handle: String, browser: BrowserBinding, now: Date) async throws -> Waiting? {
        let found = try await database.first(
            """
            update authorization_requests set browser_hash = coalesce(browser_hash, $2)
            where handle_hash = $1 and expires_at > $3
            returning id, parameters, created_at, browser_hash
            """, [.bytes(TokenHash(of: handle).bytes), .bytes(browser.hash.bytes), .timestamp(now)]
        ) { row in
            (Waiting(id: try row.uuid(0), parameters: try row.text(1), createdAt: try row.date(2)), TokenHash(stored: try row.bytes(3)))
        }
        guard let (waiting, owner) = found, let owner, browser.holds(owner) else { return nil }
        return waiting
    }

    /// - Returns: whether it was still waiting: an answer is given once.
    func consume(_ id: UUID) async throws -> Bool {
        try await database.execute("delete from authorization_requests where id = $1", [.uuid(id)]) == 1
    }

    func eraseExpired(now: Date, countMax: Int) async throws -> Int {
        try await database.execute(
            """
            delete from authorization_requests where id in (
                select id from authorization_requests where expires_at < $1 order by expires_at limit $2 for update skip locked)
            """, [.timestamp(now), .int(countMax)])
    }
}
