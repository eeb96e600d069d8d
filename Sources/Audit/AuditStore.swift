import FoundationEssentials
import Postgres
import Runtime

/// Appends events of record. There is no update and no delete.
package struct AuditStore: Sendable {
    private let randomness: any Randomness

    package init(randomness: any Randomness) {
        self.randomness = randomness
    }

    /// An id for an event that a database function writes itself.
    package func eventID(now: Date) -> UUID { randomness.uuid(at: now) }

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
