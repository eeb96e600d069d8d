import FoundationEssentials
import OAuth
import Postgres

/// The built-in client's row: grants and codes refer to it. What it says is read by nobody.
package struct DoorClientStore: Sendable {
    private let database: any Queryable

    package init(_ database: any Queryable) {
        self.database = database
    }

    /// - Throws: `PostgresError`.
    package func insertIfMissing(_ client: Client, now: Date) async throws {
        var metadata = client.metadata
        metadata.redirectURIs = Array(metadata.redirectURIs.prefix(1))
        try await database.execute(
            """
            insert into clients (client_id, metadata, origin, scopes, created_at, updated_at) values ($1, $2, 'created', $3, $4, $4)
            on conflict (client_id) do nothing
            """, [.text(client.id), .json(metadata.json.encoded()), .texts(client.scopes.array), .timestamp(now)])
    }
}
