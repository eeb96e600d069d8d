import FoundationEssentials
import Keys
import Postgres

/// API keys in the database, by their SHA-256. Every method throws `PostgresError`.
package struct APIKeyStore: Sendable {
    private static let more = "api_keys.secret_hash, api_keys.kind, api_keys.successor_id"

    private let database: any Queryable
    private let credentials: CredentialStore

    package init(_ database: any Queryable) {
        self.database = database
        credentials = CredentialStore(.apiKeys, database)
    }

    package func find(hash: TokenHash) async throws -> APIKey? {
        try await credentials.find(more: Self.more, where: "secret_hash", is: .bytes(hash.bytes), Self.decode)
    }

    package func find(id: String) async throws -> APIKey? {
        try await credentials.find(more: Self.more, where: "key_id", is: .text(id), Self.decode)
    }

    /// - Parameters:
    ///   - owner: nil for everybody's.
    ///   - after: the last id of the previous page.
    package func list(owner: CredentialOwner?, after: String = "", countMax: Int = 100) async throws -> [APIKey] {
        try await credentials.list(more: Self.more, owner: owner, after: after, countMax: countMax, Self.decode)
    }

    package func insert(_ key: APIKey) async throws {
        try await credentials.insert(
            key.credential, more: [("secret_hash", .bytes(key.hash.bytes)), ("kind", .text(key.kind.rawValue))])
    }

    /// A key has a successor: it works on until `until` at the latest.
    /// - Returns: false when it was revoked, had expired, or has a successor already.
    package func rotate(_ id: String, to successor: String, until: Date, now: Date) async throws -> Bool {
        try await database.execute(
            """
            update api_keys set successor_id = $2, expires_at = least(coalesce(expires_at, $3), $3)
            where key_id = $1 and revoked_at is null and successor_id is null and (expires_at is null or expires_at > $4)
            """, [.text(id), .text(successor), .timestamp(until), .timestamp(now)]) == 1
    }

    private static func decode(_ row: PostgresRow) throws -> APIKey {
        let first = CredentialStore.columnCount
        guard let hash = TokenHash(stored: try row.bytes(first)), let kind = APIKey.Kind(rawValue: try row.text(first + 1)) else {
            throw PostgresError(.decoding("api_keys holds an unknown kind or a short hash"))
        }
        var key = APIKey(try CredentialStore.decode(row), hash: hash, kind: kind)
        key.successorID = try row.optionalText(first + 2)
        return key
    }
}
