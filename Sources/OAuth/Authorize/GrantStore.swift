import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres
import Runtime

/// Grants – what a person has allowed one client in one session – with their first codes. Every method throws `PostgresError`.
package struct GrantStore: Sendable {
    /// A grant as seen from one of its refresh tokens.
    struct Held: Sendable {
        let id: UUID
        let clientID: String
        let userID: UUID
        let scopes: ScopeSet
        let tokenExpiresAt: Date
        /// What the grant's refresh tokens are bound to; nil: nothing but the client's authentication.
        let constraint: SenderConstraint?
    }

    private let database: any Queryable

    package init(_ database: any Queryable) {
        self.database = database
    }

    /// Writes a grant, its authorization code and the event in one round trip.
    func insert(
        _ code: AuthorizationCode, settings: OAuthSettings, canRefresh: Bool, eventID: UUID, address: String, now: Date
    ) async throws {
        // Without refresh tokens a grant is needed for as long as its last access token lives.
        let lifetime = canRefresh ? settings.grantLifetime : OAuthSettings.accessTokenLifetimeMax + settings.codeLifetime
        try await database.execute(
            """
            with given as (
                insert into grants (id, client_id, user_id, session_id, offline, scopes, audiences, claims, authenticated_at, methods,
                    created_at, expires_at, sender_constraint)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $20)
            ), noted as (
                insert into audit_events (id, occurred_at, kind, user_id, client_id, session_id, grant_id, address)
                values ($13, $11, 'grant.given', $3, $2, $4, $1, $14)
            )
            insert into authorization_codes (code_hash, grant_id, redirect_uri, code_challenge, nonce, created_at, expires_at)
            values ($15, $1, $16, $17, $18, $11, $19)
            """,
            [
                .uuid(code.grantID), .text(code.clientID), .uuid(code.userID), .uuid(code.sessionID), .bool(code.isOffline),
                .texts(code.scopes.array), .texts(code.audiences), .optionalJSON(code.claims?.encoded()),
                .timestamp(code.authenticatedAt), .texts(code.methods), .timestamp(now), .timestamp(now + lifetime),
                .uuid(eventID), .text(address), .bytes(code.token.hash.bytes), .optionalText(code.redirectURI),
                .optionalText(code.codeChallenge), .optionalText(code.nonce), .timestamp(now + settings.codeLifetime),
                .optionalText(code.constraint?.stored),
            ])
    }

    func find(refreshToken: TokenHash) async throws -> Held? {
        try await database.first(
            """
            select grants.id, client_id, user_id, scopes, refresh_tokens.expires_at, sender_constraint
            from refresh_tokens join grants on grants.id = grant_id where token_hash = $1
            """, [.bytes(refreshToken.bytes)], Self.decode)
    }

    /// - Returns: nil when the token is unknown, rotated, expired, or its grant is revoked.
    func find(liveRefreshToken: TokenHash, now: Date) async throws -> Held? {
        try await database.first(
            """
            select grants.id, client_id, user_id, scopes, refresh_tokens.expires_at, sender_constraint
            from refresh_tokens join grants on grants.id = grant_id join users on users.id = user_id
            where token_hash = $1 and rotated_at is null and refresh_tokens.expires_at > $2 and revoked_at is null
                and users.disabled_at is null
                and (offline or exists (select from sessions where sessions.id = session_id and ended_at is null and expires_at > $2))
            """, [.bytes(liveRefreshToken.bytes), .timestamp(now)], Self.decode)
    }

    func eraseExpired(before: Date, countMax: Int) async throws -> Int {
        try await database.execute(
            """
            delete from grants where id in (
                select id from grants where expires_at < $1 order by expires_at limit $2 for update skip locked)
            """, [.timestamp(before), .int(countMax)])
    }

    private static func decode(_ row: PostgresRow) throws -> Held {
        Held(
            id: try row.uuid(0), clientID: try row.text(1), userID: try row.uuid(2), scopes: try ScopeSet(row.texts(3)),
            tokenExpiresAt: try row.date(4),
            constraint: try row.optionalText(5).map(SenderConstraint.decode))
    }
}

extension SenderConstraint {
    /// Of a column that we have written ourselves.
    static func decode(_ stored: String) throws -> SenderConstraint {
        guard let constraint = SenderConstraint(stored: stored) else {
            throw PostgresError(.decoding("grants.sender_constraint holds an unknown kind"))
        }
        return constraint
    }
}
