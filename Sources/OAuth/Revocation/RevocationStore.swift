import FoundationEssentials
import Postgres

/// Revocations in the database. Every method throws `PostgresError`.
package struct RevocationStore: Sendable {
    private let database: any Queryable

    package init(_ database: any Queryable) {
        self.database = database
    }

    /// Every transaction with a lower id has ended.
    func oldestRunningTransaction() async throws -> Int {
        try await database.first("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint", []) { try $0.int(0) } ?? 0
    }

    /// Every revocation of any node asks for this: it reads what is new, by its transaction, whatever else holds still (`is true` keeps the
    /// planner from the index over `expires_at`).
    /// - Parameter from: the lowest transaction id of interest.
    func list(from: Int, now: Date) async throws -> [RevocationList.Entry] {
        try await database.all(
            """
            select kind, subject, not_before, expires_at from revocations
            where transaction_id >= $1::text::xid8 and (expires_at > $2) is true
            """,
            [.text("\(from)"), .timestamp(now)]
        ) { row in
            RevocationList.Entry(
                subject: try Self.subject(try row.text(0), try row.text(1)), notBefore: try row.optionalDate(2),
                expiresAt: try row.date(3))
        }
    }

    /// Records a revocation and tells every node when the transaction commits.
    package func insert(_ subject: RevocationList.Subject, notBefore: Date? = nil, expiresAt: Date) async throws {
        let (kind, name) = Self.words(subject)
        try await database.execute(
            "select revocation_record_v1($1, $2, $3, $4)",
            [.text(kind), .text(name), .optionalTimestamp(notBefore), .timestamp(expiresAt)])
    }

    /// Ends a grant; its refresh tokens with it, and until `accessUntil` its access tokens.
    /// - Returns: whether it was live until now.
    package func revokeGrant(_ id: UUID, reason: String, now: Date, accessUntil: Date) async throws -> Bool {
        try await database.first(
            "select grant_revoke_v1($1, $2, $3, $4)", [.uuid(id), .text(reason), .timestamp(now), .timestamp(accessUntil)]
        ) { try $0.bool(0) } ?? false
    }

    func eraseExpired(now: Date, countMax: Int) async throws -> Int {
        try await database.execute(
            """
            delete from revocations where (kind, subject) in (
                select kind, subject from revocations where expires_at < $1 order by expires_at limit $2 for update skip locked)
            """, [.timestamp(now), .int(countMax)])
    }

    private static func words(_ subject: RevocationList.Subject) -> (kind: String, name: String) {
        switch subject {
        case .token(let id): ("token", id)
        case .grant(let id): ("grant", id.token)
        case .session(let id): ("session", id.token)
        case .user(let id): ("user", id.token)
        case .client(let id): ("client", id)
        }
    }

    private static func subject(_ kind: String, _ name: String) throws -> RevocationList.Subject {
        switch kind {
        case "token": return .token(name)
        case "client": return .client(name)
        default:
            guard let id = UUID(uuidString: name) else { throw PostgresError(.decoding("revocations.subject is no id")) }
            switch kind {
            case "grant": return .grant(id)
            case "session": return .session(id)
            case "user": return .user(id)
            default: throw PostgresError(.decoding("revocations.kind holds an unknown word"))
            }
        }
    }
}
