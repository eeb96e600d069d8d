import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres
import Runtime

/// Providers' tokens, sealed under the master keys. Every method throws `PostgresError`, `MasterKeyError`.
package struct UpstreamTokenStore: Sendable {
    private let database: any Queryable
    private let masterKeys: MasterKeys

    package init(_ database: any Queryable, masterKeys: MasterKeys) {
        self.database = database
        self.masterKeys = masterKeys
    }

    /// - Returns: the tokens of a person's identity at a provider, the latest used where there are several; nil where none are kept.
    package func find(userID: UUID, providerID: String) async throws -> (identityID: UUID, tokens: UpstreamTokens)? {
        let found = try await database.first(
            """
            select t.identity_id, t.tokens, t.expires_at, t.stored_at
            from upstream_tokens t join federated_identities i on i.id = t.identity_id
            where i.user_id = $1 and i.provider_id = $2 order by i.last_used_at desc, i.id limit 1
            """, [.uuid(userID), .text(providerID)]
        ) { row in (try row.uuid(0), try row.bytes(1), try row.optionalDate(2), try row.date(3)) }
        guard let (id, sealed, expiresAt, storedAt) = found else { return nil }
        let bytes = try masterKeys.open(sealed, table: "upstream_tokens", column: "tokens", row: Self.row(id))
        return try UpstreamTokens(json: JSONValue(parsing: bytes), expiresAt: expiresAt, storedAt: storedAt).map { (id, $0) }
    }

    func find(identityID: UUID) async throws -> UpstreamTokens? {
        let found = try await database.first(
            "select tokens, expires_at, stored_at from upstream_tokens where identity_id = $1", [.uuid(identityID)]
        ) { row in (try row.bytes(0), try row.optionalDate(1), try row.date(2)) }
        guard let (sealed, expiresAt, storedAt) = found else { return nil }
        let bytes = try masterKeys.open(sealed, table: "upstream_tokens", column: "tokens", row: Self.row(identityID))
        return try UpstreamTokens(json: JSONValue(parsing: bytes), expiresAt: expiresAt, storedAt: storedAt)
    }

    /// Keeps tokens in place of those that were stored then.
    /// - Returns: false when others are there by now, or none.
    func replace(
        _ tokens: UpstreamTokens, for identityID: UUID, storedAt: Date, randomness: any Randomness
    ) async throws -> Bool {
        let sealed = try masterKeys.seal(
            tokens.json.encoded(), table: "upstream_tokens", column: "tokens", row: Self.row(identityID), randomness: randomness)
        return try await database.execute(
            """
            update upstream_tokens set tokens = $2, expires_at = $3, stored_at = $4 where identity_id = $1 and stored_at = $5
            """,
            [
                .uuid(identityID), .bytes(sealed), .optionalTimestamp(tokens.expiresAt), .timestamp(tokens.storedAt), .timestamp(storedAt),
            ]) == 1
    }

    /// Keeps tokens in place of earlier ones.
    func put(_ tokens: UpstreamTokens, for identityID: UUID, randomness: any Randomness) async throws {
        let sealed = try masterKeys.seal(
            tokens.json.encoded(), table: "upstream_tokens", column: "tokens", row: Self.row(identityID), randomness: randomness)
        try await database.execute(
            """
            insert into upstream_tokens (identity_id, tokens, expires_at, stored_at) values ($1, $2, $3, $4)
            on conflict (identity_id) do update
            set tokens = excluded.tokens, expires_at = excluded.expires_at, stored_at = excluded.stored_at
            """, [.uuid(identityID), .bytes(sealed), .optionalTimestamp(tokens.expiresAt), .timestamp(tokens.storedAt)])
    }

    /// - Returns: false when others are there by now, or none.
    func erase(_ identityID: UUID, storedAt: Date) async throws -> Bool {
        try await database.execute(
            "delete from upstream_tokens where identity_id = $1 and stored_at = $2", [.uuid(identityID), .timestamp(storedAt)]) == 1
    }

    /// All that a provider has given.
    /// - Returns: how many.
    package func erase(providerID: String) async throws -> Int {
        try await database.execute(
            "delete from upstream_tokens t using federated_identities i where i.id = t.identity_id and i.provider_id = $1",
            [.text(providerID)])
    }

    /// All of a person.
    /// - Returns: the providers whose they were.
    package func erase(userID: UUID) async throws -> [String] {
        try await database.all(
            """
            delete from upstream_tokens t using federated_identities i where i.id = t.identity_id and i.user_id = $1
            returning i.provider_id
            """, [.uuid(userID)]
        ) { try $0.text(0) }
    }

    /// - Returns: whether there were any.
    func erase(_ identityID: UUID) async throws -> Bool {
        try await database.execute("delete from upstream_tokens where identity_id = $1", [.uuid(identityID)]) == 1
    }

    func holds(_ identityID: UUID) async throws -> Bool {
        try await database.first("select 1 from upstream_tokens where identity_id = $1", [.uuid(identityID)]) { try $0.int(0) } != nil
    }

    private static func row(_ id: UUID) -> String { id.uuidString.lowercased() }
}

extension UpstreamTokens {
    init?(json: JSONValue, expiresAt: Date?, storedAt: Date) {
        guard let accessToken = json["access_token"]?.string, let tokenType = json["token_type"]?.string else { return nil }
        self.init(
            accessToken: accessToken, tokenType: tokenType, refreshToken: json["refresh_token"]?.string, idToken: json["id_token"]?.string,
            scope: json["scope"]?.string, expiresAt: expiresAt, storedAt: storedAt)
    }

    var json: JSONValue {
        var members: [String: JSONValue] = ["access_token": .string(accessToken), "token_type": .string(tokenType)]
        members["refresh_token"] = refreshToken.map(JSONValue.string)
        members["id_token"] = idToken.map(JSONValue.string)
        members["scope"] = scope.map(JSONValue.string)
        return .object(members)
    }
}
