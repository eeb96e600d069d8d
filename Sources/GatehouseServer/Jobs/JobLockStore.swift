import Postgres

/// Locks that keep a job to one node at a time.
///
/// A transaction holds the lock while the job works on connections of its own: so it goes through any pooler, and ends with the node.
struct JobLockStore: Sendable {
    /// The first half of the locks' numbers, apart from those of migrations and keys.
    private static let lockClass = 0x676A_6F62
    private let database: Database

    init(_ database: Database) {
        self.database = database
    }

    /// Does the work unless another node is at it.
    /// - Returns: whether it was done.
    /// - Throws: `PostgresError`, or what `work` throws.
    func alone(_ name: String, _ work: @Sendable () async throws -> Void) async throws -> Bool {
        // With a single connection the work would wait for itself.
        guard database.settings.connectionsMax > 1 else {
            try await work()
            return true
        }
        return try await database.transaction { transaction in
            try await transaction.execute("set local idle_in_transaction_session_timeout = '10min'")
            let isFirst = try await transaction.first(
                "select pg_try_advisory_xact_lock($1::int, $2::int)", [.int(Self.lockClass), .int(Self.number(of: name))]
            ) { try $0.bool(0) }
            guard isFirst == true else { return false }
            try await work()
            return true
        }
    }

    /// The same on every node: FNV-1a, 31 bits of it.
    private static func number(of name: String) -> Int {
        Int(name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 } & 0x7FFF_FFFF)
    }
}
