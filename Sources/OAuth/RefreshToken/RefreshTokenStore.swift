import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres
import Runtime

/// Refresh tokens in the database, by their SHA-256. Every method throws `PostgresError`.
struct RefreshTokenStore: Sendable {
    /// What a rotation needs to know and to write.
    struct Rotation: Sendable {
        let presented: TokenHash
        let clientID: String
        /// What the sender proves to hold.
        let constraint: SenderConstraint?
        let requestedScopes: [String]
        let requestedAudiences: [String]
        let salt: [UInt8]
        let keyID: String
        let successor: TokenHash
        let eventID: UUID
        let address: String
        let now: Date
        /// Tokens that were rotated after this still give their own successor.
        let graceFrom: Date
        let successorExpiresAt: Date
    }

    private let database: any Queryable

    init(_ database: any Queryable) {
        self.database = database
    }

    /// Rotates those of the batch that are presented for the first time and that nothing speaks against, in one transaction.
    ///
    /// Families are locked without waiting, so that neither one that somebody else holds nor the order of two nodes can stop a batch. The
    /// update looks at `rotated_at` again, after whoever held the token before has committed.
    /// - Returns: at each one's place a verdict, or nil where the token has to be judged by itself; an error where its own row can't be read.
    func rotate(_ batch: [Rotation]) async throws -> [Result<RefreshTokenVerdict?, any Error>] {
        let rows = try await database.all(
            Self.batchSQL,
            [
                .byteStrings(batch.map(\.presented.bytes)), .texts(batch.map(\.clientID)),
                .texts(batch.map { $0.constraint?.stored ?? "" }),
                // Neither a scope (RFC 6749 §3.3) nor an audience, which is a URI, has a space in it.
                .texts(batch.map { $0.requestedScopes.joined(separator: " ") }),
                .texts(batch.map { $0.requestedAudiences.joined(separator: " ") }), .byteStrings(batch.map(\.salt)),
                .texts(batch.map(\.keyID)), .byteStrings(batch.map(\.successor.bytes)), .timestamps(batch.map(\.successorExpiresAt)),
                .uuids(batch.map(\.eventID)), .texts(batch.map(\.address)), .timestamps(batch.map(\.now)),
            ]
        ) { row in
            // All are rotated by now: a row that can't be read is its own caller's trouble, and nobody else's.
            (place: try row.int(0), verdict: Result<RefreshTokenVerdict?, any Error> { .rotated(try Self.decodeGrant(row)) })
        }
        var verdicts: [Result<RefreshTokenVerdict?, any Error>] = Array(repeating: .success(nil), count: batch.count)
        for row in rows where verdicts.indices.contains(row.place - 1) { verdicts[row.place - 1] = row.verdict }
        return verdicts
    }

    /// The laterals and `is true` leave the planner one way alone, by the primary keys: with statistics of a small database, or none, it
    /// would rather join all families of the client to each token, and prepared statements keep such a plan while the database grows.
    /// `offset 0` hides how many they are: a plan for few seems cheap, and it would plan each batch anew, at half the cost of carrying it out.
    private static let batchSQL = """
        with asked as materialized (
            select distinct on (a.presented) a.*
            from (
                select $1::bytea[] as a1, $2::text[] as a2, $3::text[] as a3, $4::text[] as a4, $5::text[] as a5, $6::bytea[] as a6,
                    $7::text[] as a7, $8::bytea[] as a8, $9::timestamptz[] as a9, $10::uuid[] as a10, $11::text[] as a11,
                    $12::timestamptz[] as a12
                offset 0) given
            cross join lateral unnest(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12) with ordinality
                as a (presented, client, sender, scopes, audiences, salt, key_id, successor, successor_expires_at, event_id, address, now, place)
            order by a.presented, a.place
        ), held as materialized (
            select a.presented, a.client, a.salt, a.key_id, a.successor, a.event_id, a.address, a.now, a.place,
                least(a.successor_expires_at, g.expires_at) as successor_expires_at,
                g.id as grant_id, g.user_id, g.session_id, g.scopes, g.audiences, g.authenticated_at, g.methods, g.offline
            from asked a
            cross join lateral (
                select t.grant_id from refresh_tokens t where t.token_hash = a.presented and t.rotated_at is null and t.expires_at > a.now
                offset 0) t
            cross join lateral (
                select * from grants g
                where g.id = t.grant_id
                    and (g.client_id = a.client) is true and (g.sender_constraint is null or g.sender_constraint = a.sender)
                    and g.revoked_at is null and g.expires_at > a.now
                    and string_to_array(a.scopes, ' ') <@ g.scopes and string_to_array(a.audiences, ' ') <@ g.audiences
                for no key update skip locked) g
        ), judged as materialized (
            select h.*, u.roles
            from held h join users u on u.id = h.user_id
            where u.disabled_at is null
                and (h.offline or exists (
                    select from sessions s where s.id = h.session_id and s.ended_at is null and (s.expires_at > h.now) is true))
        ), rotated as (
            update refresh_tokens t set rotated_at = j.now, successor_salt = j.salt, successor_key_id = j.key_id
            from judged j where t.token_hash = j.presented and t.rotated_at is null
            returning t.token_hash
        ), successors as (
            insert into refresh_tokens (token_hash, grant_id, created_at, expires_at)
            select j.successor, j.grant_id, j.now, j.successor_expires_at
            from rotated r join judged j on j.presented = r.token_hash
        ), events as (
            insert into audit_events (id, occurred_at, kind, user_id, client_id, session_id, grant_id, address)
            select j.event_id, j.now, 'refresh_token.rotated', j.user_id, j.client, j.session_id, j.grant_id, j.address
            from rotated r join judged j on j.presented = r.token_hash
        )
        select j.place, j.grant_id, j.user_id, j.session_id, j.scopes, j.audiences, j.authenticated_at, j.methods, j.roles, j.offline
        from rotated r join judged j on j.presented = r.token_hash
        """

    /// Locks the family, judges, writes: one round trip (`Migrations/0010`).
    func rotate(_ rotation: Rotation) async throws -> RefreshTokenVerdict {
        let verdict = try await database.first(
            """
            select verdict, grant_id, user_id, session_id, scopes, audiences, authenticated_at, methods, roles, offline, successor_salt, successor_key_id
            from refresh_token_rotate_v2($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            """,
            [
                .bytes(rotation.presented.bytes), .text(rotation.clientID), .timestamp(rotation.now), .timestamp(rotation.graceFrom),
                .timestamp(rotation.now + OAuthSettings.accessTokenLifetimeMax), .optionalText(rotation.constraint?.stored),
                .texts(rotation.requestedScopes),
                .texts(rotation.requestedAudiences), .bytes(rotation.salt), .text(rotation.keyID), .bytes(rotation.successor.bytes),
                .timestamp(rotation.successorExpiresAt), .uuid(rotation.eventID), .text(rotation.address),
            ], Self.decode)
        guard let verdict else { throw PostgresError(.decoding("refresh_token_rotate_v2 answered no row")) }
        return verdict
    }

    private static func decode(_ row: PostgresRow) throws -> RefreshTokenVerdict {
        switch try row.text(0) {
        case "rotated": return .rotated(try decodeGrant(row))
        case "replayed": return .replayed(try decodeGrant(row), salt: try row.bytes(10), keyID: try row.text(11))
        case "reused": return .reused(grantID: try row.uuid(1))
        case let word:
            guard let refusal = RefreshTokenRefusal(rawValue: word) else { throw PostgresError(.decoding("unknown verdict \(word)")) }
            return .refused(refusal)
        }
    }

    private static func decodeGrant(_ row: PostgresRow) throws -> RefreshedGrant {
        RefreshedGrant(
            grantID: try row.uuid(1), userID: try row.uuid(2), sessionID: try row.uuid(3), scopes: try ScopeSet(row.texts(4)),
            audiences: try row.texts(5), authenticatedAt: try row.date(6), methods: try row.texts(7), roles: try row.texts(8),
            isOffline: try row.bool(9))
    }

    /// Erases what successors could be made from, after the grace window.
    func eraseSalts(rotatedBefore: Date, countMax: Int) async throws -> Int {
        try await database.execute(
            """
            update refresh_tokens set successor_salt = null, successor_key_id = null where token_hash in (
                select token_hash from refresh_tokens where successor_salt is not null and rotated_at < $1 limit $2 for update skip locked)
            """, [.timestamp(rotatedBefore), .int(countMax)])
    }

    func eraseExpired(before: Date, countMax: Int) async throws -> Int {
        try await database.execute(
            """
            delete from refresh_tokens where token_hash in (
                select token_hash from refresh_tokens where expires_at < $1 order by expires_at limit $2 for update skip locked)
            """, [.timestamp(before), .int(countMax)])
    }
}
