import FoundationEssentials
import Keys
import Postgres
import Runtime

/// Sessions in the database. Every method throws `PostgresError`.
package struct SessionStore: Sendable {
    private let database: any Queryable

    package init(_ database: any Queryable) {
        self.database = database
    }

    /// Finds a live session of a person who is not disabled, by the token that a browser presents.
    func find(token: String, limits: SessionLimits, now: Date) async throws -> Session? {
        try await database.first(
            """
            select sessions.id, sessions.created_at, sessions.authenticated_at, sessions.methods, sessions.last_seen_at, sessions.expires_at,
                users.id, users.username, users.email, users.email_verified, users.phone_number, users.phone_number_verified, users.claims,
                users.roles, users.password_hash, users.declared, users.disabled_at, users.created_at, users.updated_at
            from sessions join users on users.id = sessions.user_id
            where sessions.token_hash = $1 and sessions.ended_at is null and sessions.expires_at > $2 and sessions.last_seen_at > $3
                and users.disabled_at is null
            """,
            [.bytes(TokenHash(of: token).bytes), .timestamp(now), .timestamp(now - limits.idle)]
        ) { row in
            Session(
                id: try row.uuid(0), user: try UserStore.decode(row, from: 6), createdAt: try row.date(1), authenticatedAt: try row.date(2),
                methods: try row.texts(3), lastSeenAt: try row.date(4), expiresAt: try row.date(5), tokenText: token)
        }
    }

    func insert(
        id: UUID, tokenHash: TokenHash, userID: UUID, methods: [String], authenticatedAt: Date, expiresAt: Date, address: String?,
        userAgent: String?, now: Date
    ) async throws {
        try await database.execute(
            """
            insert into sessions (id, token_hash, user_id, created_at, authenticated_at, methods, last_seen_at, expires_at, address, user_agent)
            values ($1, $2, $3, $4, $9, $5, $4, $6, $7, $8)
            """,
            [
                .uuid(id), .bytes(tokenHash.bytes), .uuid(userID), .timestamp(now), .texts(methods), .timestamp(expiresAt),
                .optionalText(address), .optionalText(userAgent), .timestamp(authenticatedAt),
            ])
    }

    /// The same person has proven again who they are: a new token, a later `auth_time`, the same `sid`.
    /// - Returns: false when the session has ended, or another tab has renewed it meanwhile.
    func renew(
        _ id: UUID, presented: TokenHash, tokenHash: TokenHash, methods: [String], authenticatedAt: Date, expiresAt: Date, now: Date
    ) async throws -> Bool {
        try await database.execute(
            """
            update sessions set token_hash = $2, authenticated_at = $7, last_seen_at = $3, methods = $4, expires_at = $5
            where id = $1 and ended_at is null and expires_at > $3 and token_hash = $6
            """,
            [
                .uuid(id), .bytes(tokenHash.bytes), .timestamp(now), .texts(methods), .timestamp(expiresAt), .bytes(presented.bytes),
                .timestamp(authenticatedAt),
            ]) == 1
    }

    /// A person's live sessions, the latest used first.
    func list(of userID: UUID, limits: SessionLimits, now: Date) async throws -> [SessionSummary] {
        try await database.all(
            """
            select id, created_at, last_seen_at, address, user_agent from sessions
            where user_id = $1 and ended_at is null and expires_at > $2 and last_seen_at > $3
            order by last_seen_at desc, id desc limit $4
            """, [.uuid(userID), .timestamp(now), .timestamp(now - limits.idle), .int(limits.countMax)]
        ) { row in
            SessionSummary(
                id: try row.uuid(0), createdAt: try row.date(1), lastSeenAt: try row.date(2), address: try row.optionalText(3),
                userAgent: try row.optionalText(4))
        }
    }

    func touch(_ id: UUID, now: Date) async throws {
        try await database.execute(
            "update sessions set last_seen_at = $2 where id = $1 and last_seen_at < $2", [.uuid(id), .timestamp(now)])
    }

    /// Ends a session and, until `accessUntil`, the access tokens that name it; those of offline grants do not.
    /// - Returns: whether it was live until now.
    package func revoke(_ id: UUID, now: Date, accessUntil: Date) async throws -> Bool {
        try await database.first(
            """
            with ended as (update sessions set ended_at = $2 where id = $1 and ended_at is null returning id)
            select count(revocation_record_v1('session', id::text, null, $3)) from ended
            """, [.uuid(id), .timestamp(now), .timestamp(accessUntil)]
        ) { try $0.int(0) } == 1
    }

    /// Ends a person's oldest sessions beyond `countMax`, but never `latest`: another node's clock may have dated the others later.
    func revokeOldest(of userID: UUID, sparing latest: UUID, countMax: Int, now: Date, accessUntil: Date) async throws -> [UUID] {
        try await database.all(
            """
            with ended as (
                update sessions set ended_at = $2 where id in (
                    select id from sessions where user_id = $1 and id <> $5 and ended_at is null and expires_at > $2
                    order by created_at desc, id desc offset $3)
                returning id)
            select id, revocation_record_v1('session', id::text, null, $4)::text from ended
            """, [.uuid(userID), .timestamp(now), .int(max(0, countMax - 1)), .timestamp(accessUntil), .uuid(latest)]
        ) { try $0.uuid(0) }
    }

    /// Deletes a batch of sessions that ended or expired before `before`.
    package func eraseExpired(before: Date, countMax: Int) async throws -> Int {
        try await database.execute(
            """
            delete from sessions where id in (
                select id from sessions where expires_at < $1 order by expires_at limit $2 for update skip locked)
            """, [.timestamp(before), .int(countMax)])
    }
}
