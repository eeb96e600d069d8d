import FoundationEssentials
import Postgres

/// The table `signing_keys`.
struct SigningKeyStore: Sendable {
    /// Every key whose algorithm this program knows: a newer one, running beside it, may have made others.
    func all(_ database: some Queryable) async throws -> [SigningKeyRow] {
        try await database.all(
            "select key_id, algorithm, announced_at, signs_at, withdrawn_at, private_key, public_key from signing_keys order by key_id"
        ) { row -> SigningKeyRow? in
            guard let algorithm = SigningAlgorithm(rawValue: try row.text(1)) else { return nil }
            let sealedPrivateKey = try row.optionalBytes(5)
            return SigningKeyRow(
                life: SigningKeyLife(
                    keyID: try row.text(0), algorithm: algorithm, announcedAt: try row.date(2), signsAt: try row.date(3),
                    withdrawnAt: try row.optionalDate(4), hasPrivateKey: sealedPrivateKey != nil),
                sealedPrivateKey: sealedPrivateKey, sealedPublicKey: try row.bytes(6))
        }.compactMap { $0 }
    }

    /// Lets one node at a time judge and change the keys, until its transaction ends; readers are not held up.
    func lock(_ transaction: Transaction) async throws {
        try await transaction.execute("lock table signing_keys in share row exclusive mode")
    }

    func insert(_ row: SigningKeyRow, _ transaction: Transaction) async throws {
        try await transaction.execute(
            "insert into signing_keys (key_id, algorithm, announced_at, signs_at, private_key, public_key) values ($1, $2, $3, $4, $5, $6)",
            [
                .text(row.life.keyID), .text(row.life.algorithm.rawValue), .timestamp(row.life.announcedAt), .timestamp(row.life.signsAt),
                .optionalBytes(row.sealedPrivateKey), .bytes(row.sealedPublicKey),
            ])
    }

    /// Marks a key as compromised and erases its private half.
    func withdraw(keyID: String, at now: Date, _ transaction: Transaction) async throws {
        try await transaction.execute(
            "update signing_keys set withdrawn_at = $2, private_key = null where key_id = $1 and withdrawn_at is null",
            [.text(keyID), .timestamp(now)])
    }

    func erasePrivateKey(keyID: String, _ transaction: Transaction) async throws {
        try await transaction.execute("update signing_keys set private_key = null where key_id = $1", [.text(keyID)])
    }

    func erase(keyID: String, _ transaction: Transaction) async throws {
        try await transaction.execute("delete from signing_keys where key_id = $1", [.text(keyID)])
    }

    /// Tells every node when the transaction commits, so that it loads the keys again.
    func notify(_ transaction: Transaction) async throws {
        try await transaction.execute("select pg_notify('gatehouse', 'keys')", [])
    }
}
