import FoundationEssentials
import Postgres

/// Which sessions a provider vouched for. Every method throws `PostgresError`.
struct FederatedSessionStore: Sendable {
    private let database: any Queryable

    init(_ database: any Queryable) {
        self.database = database
    }

    /// A renewed session follows its latest sign-in.
    func put(_ session: FederatedSession, for id: UUID, now: Date) async throws {
        try await database.execute(
            """
            insert into federated_sessions (session_id, identity_id, upstream_session_id, created_at) values ($1, $2, $3, $4)
            on conflict (session_id) do update set identity_id = excluded.identity_id,
                upstream_session_id = excluded.upstream_session_id, created_at = excluded.created_at
            """, [.uuid(id), .uuid(session.identityID), .optionalText(session.upstreamSessionID), .timestamp(now)])
    }

    /// The live sessions that a provider means (OpenID Connect Back-Channel Logout §2.7): by its session, or all of a person. Where both are
    /// named, also the person's sessions of which nobody said on which of the provider's they rest.
    /// - Parameters:
    ///   - subject: nil where the provider named a session only.
    ///   - upstreamSessionID: nil where it named a person only.
    func list(
        providerID: String, issuer: String, subject: String?, upstreamSessionID: String?, now: Date
    ) async throws -> [(id: UUID, userID: UUID)] {
        try await database.all(
            """
            select s.id, s.user_id
            from federated_sessions f join federated_identities i on i.id = f.identity_id join sessions s on s.id = f.session_id
            where i.provider_id = $1 and i.issuer = $2 and ($3::text is null or i.subject = $3)
                and ($4::text is null or f.upstream_session_id = $4 or ($3::text is not null and f.upstream_session_id is null)) and s.ended_at is null and s.expires_at > $5
            order by s.id
            """,
            [.text(providerID), .text(issuer), .optionalText(subject), .optionalText(upstreamSessionID), .timestamp(now)]
        ) { (try $0.uuid(0), try $0.uuid(1)) }
    }

    /// The live sessions that an identity has vouched for.
    func list(identityID: UUID, now: Date) async throws -> [UUID] {
        try await database.all(
            """
            select s.id from federated_sessions f join sessions s on s.id = f.session_id
            where f.identity_id = $1 and s.ended_at is null and s.expires_at > $2 order by s.id
            """, [.uuid(identityID), .timestamp(now)]
        ) { try $0.uuid(0) }
    }
}
