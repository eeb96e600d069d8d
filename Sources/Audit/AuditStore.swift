import FoundationEssentials
import Postgres
import Runtime

/// Appends events of record. There is no update, and no delete before their time is over.
package struct AuditStore: Sendable {
    private let randomness: any Randomness

    package init(randomness: any Randomness) {
        self.randomness = randomness
    }

    /// An id for an event that a database function writes itself.
    package func eventID(now: Date) -> UUID { randomness.uuid(at: now) }

    /// Deletes a batch of events older than `before`, oldest first.
    /// - Throws: `PostgresError`.
    package func eraseExpired(before: Date, countMax: Int, in database: any Queryable) async throws -> Int {
        // Ids are ordered by time, so the primary key is the index that this needs.
        try await database.execute(
            """
            delete from audit_events where id in (
                select id from audit_events where id < $1 order by id limit $2 for update skip locked)
            """, [.uuid(.least(at: before)), .int(countMax)])
    }

    /// Writes `event` in the caller's transaction.
    /// - Throws: `PostgresError`.
    package func insert(_ event: AuditEvent, now: Date, in transaction: any Queryable) async throws {
        try await transaction.execute(
            """
            insert into audit_events (id, occurred_at, kind, user_id, client_id, session_id, grant_id, address, detail)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            [
                .uuid(randomness.uuid(at: now)), .timestamp(now), .text(event.kind.name), .optionalUUID(event.userID),
                .optionalText(event.clientID), .optionalUUID(event.sessionID), .optionalUUID(event.grantID), .optionalText(event.address),
                .json(try JSONEncoder().encode(event.detail).map { $0 }),
            ])
    }
}
