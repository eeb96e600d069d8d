import FoundationEssentials
import Postgres

/// Identities at providers, and whose they are. Every method throws `PostgresError`.
package struct FederationStore: Sendable {
    private static let columns = "id, provider_id, issuer, subject, user_id, label, created_at, last_used_at"

    private let database: any Queryable

    package init(_ database: any Queryable) {
        self.database = database
    }

    package func find(providerID: String, issuer: String, subject: String) async throws -> FederatedIdentity? {
        try await database.first(
            "select \(Self.columns) from federated_identities where provider_id = $1 and issuer = $2 and subject = $3",
            [.text(providerID), .text(issuer), .text(subject)], Self.decode)
    }

    package func find(id: UUID, of userID: UUID) async throws -> FederatedIdentity? {
        try await database.first(
            "select \(Self.columns) from federated_identities where id = $1 and user_id = $2", [.uuid(id), .uuid(userID)], Self.decode)
    }

    /// A person's identities, oldest first.
    package func list(of userID: UUID) async throws -> [FederatedIdentity] {
        try await database.all(
            "select \(Self.columns) from federated_identities where user_id = $1 order by created_at, id", [.uuid(userID)], Self.decode)
    }

    /// - Returns: false when this identity is linked already, with whomever.
    package func insert(_ identity: FederatedIdentity) async throws -> Bool {
        try await database.execute(
            """
            insert into federated_identities (id, provider_id, issuer, subject, user_id, label, created_at, last_used_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict (provider_id, issuer, subject) do nothing
            """,
            [
                .uuid(identity.id), .text(identity.providerID), .text(identity.issuer), .text(identity.subject), .uuid(identity.userID),
                .optionalText(identity.label), .timestamp(identity.createdAt), .timestamp(identity.lastUsedAt),
            ]) == 1
    }

    package func touch(_ id: UUID, label: String?, now: Date) async throws {
        try await database.execute(
            "update federated_identities set last_used_at = greatest(last_used_at, $3), label = coalesce($2, label) where id = $1",
            [.uuid(id), .optionalText(label), .timestamp(now)])
    }

    /// Deletes an identity unless it is the person's last way to sign in. Call it in a transaction that holds the person's row
    /// (``FederationLinks/unlink(_:of:sparing:address:now:)`` does), so that two removals at once can't leave nothing.
    /// - Parameter hasAnother: the person has another identity that they can sign in with now.
    func unlink(_ id: UUID, of userID: UUID, hasAnother: Bool) async throws -> FederationUnlinking {
        let found = try await database.first(
            """
            select $3 or (select password_hash is not null from users where id = $2)
            from federated_identities where id = $1 and user_id = $2
            """, [.uuid(id), .uuid(userID), .bool(hasAnother)]
        ) { try $0.bool(0) }
        guard let hasAnother = found else { return .unknown }
        guard hasAnother else { return .lastWayToSignIn }
        try await database.execute("delete from federated_identities where id = $1 and user_id = $2", [.uuid(id), .uuid(userID)])
        return .unlinked
    }

    static func decode(_ row: PostgresRow) throws -> FederatedIdentity {
        FederatedIdentity(
            id: try row.uuid(0), providerID: try row.text(1), issuer: try row.text(2), subject: try row.text(3), userID: try row.uuid(4),
            label: try row.optionalText(5), createdAt: try row.date(6), lastUsedAt: try row.date(7))
    }
}
