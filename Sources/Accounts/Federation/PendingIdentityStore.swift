import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres
import Runtime

/// Identities that wait for proof, sealed. They end with their sign-in. Every method throws `PostgresError`, `MasterKeyError`.
struct PendingIdentityStore: Sendable {
    private let database: any Queryable
    private let masterKeys: MasterKeys

    init(_ database: any Queryable, masterKeys: MasterKeys) {
        self.database = database
        self.masterKeys = masterKeys
    }

    /// In place of an earlier one of the same sign-in.
    func put(_ pending: PendingIdentity, for signInID: UUID, randomness: any Randomness, now: Date) async throws {
        let sealed = try masterKeys.seal(
            pending.json.encoded(), table: "pending_identities", column: "identity", row: Self.row(signInID), randomness: randomness)
        try await database.execute(
            """
            insert into pending_identities (sign_in_id, provider_id, user_id, identity, created_at) values ($1, $2, $3, $4, $5)
            on conflict (sign_in_id) do update set provider_id = excluded.provider_id, user_id = excluded.user_id,
                identity = excluded.identity, created_at = excluded.created_at
            """, [.uuid(signInID), .text(pending.providerID), .uuid(pending.userID), .bytes(sealed), .timestamp(now)])
    }

    func find(_ signInID: UUID) async throws -> PendingIdentity? {
        let found = try await database.first(
            "select provider_id, user_id, identity from pending_identities where sign_in_id = $1", [.uuid(signInID)]
        ) { row in (try row.text(0), try row.uuid(1), try row.bytes(2)) }
        guard let (provider, user, sealed) = found else { return nil }
        let bytes = try masterKeys.open(sealed, table: "pending_identities", column: "identity", row: Self.row(signInID))
        return PendingIdentity(providerID: provider, userID: user, json: try JSONValue(parsing: bytes, bytesMax: 262_144))
    }

    /// - Returns: whether there was one.
    @discardableResult
    func erase(_ signInID: UUID) async throws -> Bool {
        try await database.execute("delete from pending_identities where sign_in_id = $1", [.uuid(signInID)]) == 1
    }

    private static func row(_ id: UUID) -> String { id.uuidString.lowercased() }
}
