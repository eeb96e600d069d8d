import FoundationEssentials
import Guard
import Keys
import OAuthProtocol
import Postgres
import Web

/// API keys in the database, by their SHA-256. Every method throws `PostgresError`.
package struct APIKeyStore: Sendable {
    private static let columns = """
        key_id, api_keys.secret_hash, kind, api_keys.user_id, api_keys.client_id, name, api_keys.scopes, api_keys.audiences, networks, limit_burst,
        limit_per_minute, expires_at, revoked_at, successor_id, last_used_at, api_keys.created_at, coalesce(users.roles, clients.roles),
        users.disabled_at is not null or clients.disabled_at is not null
        """
    private static let tables = """
        api_keys left join users on users.id = api_keys.user_id left join clients on clients.client_id = api_keys.client_id
        """

    private let database: any Queryable

    package init(_ database: any Queryable) {
        self.database = database
    }

    package func find(hash: TokenHash) async throws -> APIKey? {
        try await database.first(
            "select \(Self.columns) from \(Self.tables) where api_keys.secret_hash = $1", [.bytes(hash.bytes)], Self.decode)
    }

    package func find(id: String) async throws -> APIKey? {
        try await database.first("select \(Self.columns) from \(Self.tables) where key_id = $1", [.text(id)], Self.decode)
    }

    /// - Parameters:
    ///   - owner: nil for everybody's.
    ///   - after: the last id of the previous page.
    package func list(owner: APIKey.Owner?, after: String = "", countMax: Int = 100) async throws -> [APIKey] {
        let (userID, clientID) = Self.values(owner)
        return try await database.all(
            """
            select \(Self.columns) from \(Self.tables)
            where key_id > $1 and ($2::uuid is null or api_keys.user_id = $2) and ($3::text is null or api_keys.client_id = $3)
            order by key_id limit $4
            """, [.text(after), userID, clientID, .int(countMax)], Self.decode)
    }

    package func count(owner: APIKey.Owner, now: Date) async throws -> Int {
        let (userID, clientID) = Self.values(owner)
        return try await database.first(
            """
            select count(*) from api_keys
            where ($1::uuid is null or user_id = $1) and ($2::text is null or client_id = $2)
                and revoked_at is null and (expires_at is null or expires_at > $3)
            """, [userID, clientID, .timestamp(now)]
        ) { try $0.int(0) } ?? 0
    }

    package func insert(_ key: APIKey) async throws {
        let (userID, clientID) = Self.values(key.owner)
        try await database.execute(
            """
            insert into api_keys (key_id, secret_hash, kind, user_id, client_id, name, scopes, audiences, networks, limit_burst,
                limit_per_minute, expires_at, created_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            """,
            [
                .text(key.id), .bytes(key.hash.bytes), .text(key.kind.rawValue), userID, clientID, .text(key.name),
                .texts(key.scopes.array),
                .texts(key.audiences), .texts(key.networks.map(\.description)), .optionalInt(key.limit?.burst),
                .optionalDouble(key.limit?.perMinute), .optionalTimestamp(key.expiresAt), .timestamp(key.createdAt),
            ])
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

    /// - Returns: whether it worked until now.
    package func revoke(_ id: String, now: Date) async throws -> Bool {
        try await database.execute(
            "update api_keys set revoked_at = $2 where key_id = $1 and revoked_at is null", [.text(id), .timestamp(now)]) == 1
    }

    /// Tells every node, when the transaction commits, that keys have changed.
    package func announceChange() async throws {
        try await database.execute("select pg_notify('gatehouse', 'api_keys')", [])
    }

    /// Writes when keys were last used, many at once.
    package func noteUse(_ uses: [(id: String, at: Date)]) async throws {
        guard !uses.isEmpty else { return }
        try await database.execute(
            """
            update api_keys set last_used_at = greatest(last_used_at, to_timestamp(used.at))
            from unnest($1::text[], $2::text[]::float8[]) as used (id, at) where key_id = used.id
            """, [.texts(uses.map(\.id)), .texts(uses.map { "\($0.at.timeIntervalSince1970)" })])
    }

    private static func values(_ owner: APIKey.Owner?) -> (PostgresValue, PostgresValue) {
        switch owner {
        case nil: (.optionalUUID(nil), .optionalText(nil))
        case .user(let id): (.uuid(id), .optionalText(nil))
        case .client(let id): (.optionalUUID(nil), .text(id))
        }
    }

    private static func decode(_ row: PostgresRow) throws -> APIKey {
        let userID = try row.optionalUUID(3)
        guard let kind = APIKey.Kind(rawValue: try row.text(2)), let hash = TokenHash(stored: try row.bytes(1)),
            let owner = try userID.map(APIKey.Owner.user) ?? row.optionalText(4).map(APIKey.Owner.client)
        else { throw PostgresError(.decoding("api_keys holds an unknown kind, a short hash or no owner")) }
        var key = APIKey(
            id: try row.text(0), hash: hash, kind: kind, owner: owner, name: try row.text(5), scopes: ScopeSet(try row.texts(6)),
            now: try row.date(15))
        key.audiences = try row.texts(7)
        key.networks = try row.texts(8).map { text in
            guard let network = AddressNetwork(parsing: text) else { throw PostgresError(.decoding("api_keys.networks is no CIDR")) }
            return network
        }
        if let burst = try row.optionalInt(9), let perMinute = try row.optionalDouble(10) {
            key.limit = AttemptLimit(burst: burst, perMinute: perMinute)
        }
        key.expiresAt = try row.optionalDate(11)
        key.revokedAt = try row.optionalDate(12)
        key.successorID = try row.optionalText(13)
        key.lastUsedAt = try row.optionalDate(14)
        key.ownerRoles = try row.optionalTexts(16) ?? []
        key.isOwnerDisabled = try row.optionalBool(17) ?? true
        return key
    }
}
