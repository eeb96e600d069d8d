import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres

/// Sessions at the door, by the SHA-256 of their cookies. Every method throws `PostgresError`.
struct DoorSessionStore: Sendable {
    private let database: any Queryable

    init(_ database: any Queryable) {
        self.database = database
    }

    /// Finds a session whose person's session is alive, of a person who is not disabled.
    /// - Parameter seenAfter: a person's session that was last used before is over (the idle limit).
    func find(_ hash: TokenHash, seenAfter: Date, now: Date) async throws -> DoorSession? {
        try await database.first(
            """
            select sessions.id, users.id, door_sessions.grant_id, door_sessions.origin, door_sessions.scopes, users.roles,
                door_sessions.created_at, least(door_sessions.expires_at, sessions.expires_at)
            from door_sessions join sessions on sessions.id = door_sessions.session_id join users on users.id = sessions.user_id
                left join grants on grants.id = door_sessions.grant_id
            where door_sessions.token_hash = $1 and door_sessions.expires_at > $2 and sessions.ended_at is null and sessions.expires_at > $2
                and sessions.last_seen_at > $3 and users.disabled_at is null and grants.revoked_at is null
            """, [.bytes(hash.bytes), .timestamp(now), .timestamp(seenAfter)]
        ) { row in
            DoorSession(
                sessionID: try row.uuid(0), userID: try row.uuid(1), grantID: try row.uuid(2), origin: try row.text(3),
                scopes: ScopeSet(try row.texts(4)), roles: try row.texts(5), createdAt: try row.date(6), expiresAt: try row.date(7))
        }
    }

    /// - Returns: false when the person's session has ended meanwhile.
    func insert(
        _ hash: TokenHash, sessionID: UUID, grantID: UUID, origin: String, scopes: ScopeSet, now: Date, expiresAt: Date
    ) async throws -> Bool {
        try await database.execute(
            """
            insert into door_sessions (token_hash, session_id, grant_id, origin, scopes, created_at, expires_at)
            select $1, sessions.id, $3, $4, $5, $6, $7 from sessions
            where sessions.id = $2 and sessions.ended_at is null and sessions.expires_at > $6
            """,
            [
                .bytes(hash.bytes), .uuid(sessionID), .uuid(grantID), .text(origin), .texts(scopes.array), .timestamp(now),
                .timestamp(expiresAt),
            ]) == 1
    }

    /// - Returns: the person and their session, where there was one.
    func erase(_ hash: TokenHash) async throws -> (userID: UUID, sessionID: UUID)? {
        try await database.first(
            """
            delete from door_sessions using sessions where door_sessions.token_hash = $1 and sessions.id = door_sessions.session_id
            returning sessions.user_id, sessions.id
            """, [.bytes(hash.bytes)]
        ) { (userID: try $0.uuid(0), sessionID: try $0.uuid(1)) }
    }

    /// Somebody at the door is somebody who is there: their sessions don't idle. Many at once.
    func noteUse(_ uses: [(id: UUID, at: Date)]) async throws {
        guard !uses.isEmpty else { return }
        try await database.execute(
            """
            update sessions set last_seen_at = greatest(last_seen_at, to_timestamp(used.at))
            from unnest($1::text[]::uuid[], $2::text[]::float8[]) as used (id, at) where sessions.id = used.id and ended_at is null
            """, [.texts(uses.map { $0.id.uuidString }), .texts(uses.map { "\($0.at.timeIntervalSince1970)" })])
    }

    /// Deletes a batch of sessions that expired before `before`.
    func eraseExpired(before: Date, countMax: Int) async throws -> Int {
        try await database.execute(
            """
            delete from door_sessions where token_hash in (
                select token_hash from door_sessions where expires_at < $1 order by expires_at limit $2 for update skip locked)
            """, [.timestamp(before), .int(countMax)])
    }
}
