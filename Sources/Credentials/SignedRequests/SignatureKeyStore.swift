import FoundationEssentials
import OAuthProtocol
import Postgres

/// Signature keys in the database, sealed. Every method throws `PostgresError`.
package struct SignatureKeyStore: Sendable {
    private static let more = """
        signature_keys.algorithm, signature_keys.material, signature_keys.previous_material, signature_keys.previous_until,
        signature_keys.rotated_at
        """

    private let database: any Queryable
    private let credentials: CredentialStore

    package init(_ database: any Queryable) {
        self.database = database
        credentials = CredentialStore(.signatureKeys, database)
    }

    func find(id: String) async throws -> SignatureKeyRow? {
        try await credentials.find(more: Self.more, where: "key_id", is: .text(id), Self.decode)
    }

    /// What may be shown of a key.
    package func findSummary(id: String) async throws -> SignatureKeySummary? {
        try await find(id: id).map(SignatureKeySummary.init)
    }

    /// - Parameters:
    ///   - owner: nil for everybody's.
    ///   - after: the last id of the previous page.
    package func list(owner: CredentialOwner?, after: String = "", countMax: Int = 100) async throws -> [SignatureKeySummary] {
        try await credentials.list(more: Self.more, owner: owner, after: after, countMax: countMax) {
            SignatureKeySummary(try Self.decode($0))
        }
    }

    func insert(_ row: SignatureKeyRow) async throws {
        try await credentials.insert(
            row.credential, more: [("algorithm", .text(row.algorithm.rawValue)), ("material", .optionalBytes(row.material))])
    }

    /// Keeps others from changing a key until the transaction ends.
    func lock(id: String) async throws {
        try await database.execute("select 1 from signature_keys where key_id = $1 for update", [.text(id)])
    }

    /// Writes what a rotation changes.
    func rotate(_ row: SignatureKeyRow) async throws {
        try await database.execute(
            """
            update signature_keys set material = $2, previous_material = $3, previous_until = $4, rotated_at = $5, expires_at = $6
            where key_id = $1
            """,
            [
                .text(row.credential.id), .optionalBytes(row.material), .optionalBytes(row.previousMaterial),
                .optionalTimestamp(row.previousUntil), .optionalTimestamp(row.rotatedAt),
                .optionalTimestamp(row.credential.terms.expiresAt),
            ])
    }

    /// - Returns: whether it worked until now. Its secrets are erased.
    func revoke(id: String, now: Date) async throws -> Bool {
        try await credentials.revoke(id, erasing: ["material", "previous_material", "previous_until"], now: now)
    }

    // MARK: Upkeep

    /// Erases what rotations replaced, once it no longer works.
    func erasePrevious(before: Date, countMax: Int) async throws -> Int {
        try await database.execute(
            """
            update signature_keys set previous_material = null, previous_until = null where key_id in (
                select key_id from signature_keys where previous_until < $1 order by previous_until limit $2 for update skip locked)
            """, [.timestamp(before), .int(countMax)])
    }

    private static func decode(_ row: PostgresRow) throws -> SignatureKeyRow {
        let first = CredentialStore.columnCount
        guard let algorithm = MessageSignatureAlgorithm(rawValue: try row.text(first)) else {
            throw PostgresError(.decoding("signature_keys holds an unknown algorithm"))
        }
        return SignatureKeyRow(
            credential: try CredentialStore.decode(row), algorithm: algorithm, material: try row.optionalBytes(first + 1),
            previousMaterial: try row.optionalBytes(first + 2), previousUntil: try row.optionalDate(first + 3),
            rotatedAt: try row.optionalDate(first + 4))
    }
}

/// A signature key without what it checks with: for lists.
package struct SignatureKeySummary: Sendable {
    package let credential: Credential
    package let algorithm: MessageSignatureAlgorithm
    package let rotatedAt: Date?
    /// Until when what was replaced still works.
    package let previousUntil: Date?

    init(_ row: SignatureKeyRow) {
        credential = row.credential
        algorithm = row.algorithm
        rotatedAt = row.rotatedAt
        previousUntil = row.previousUntil
    }
}
