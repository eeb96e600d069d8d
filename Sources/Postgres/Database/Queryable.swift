/// What can run one statement: the `Database` (any pooled connection) or a `Transaction`.
///
/// SQL carries `$1`… placeholders and exactly one statement. Rows arrive in binary and are decoded by position.
package protocol Queryable: Sendable {
    /// Every row, decoded.
    /// - Throws: `PostgresError`, or what `decode` throws.
    func all<T: Sendable>(_ sql: String, _ parameters: [PostgresValue], _ decode: (PostgresRow) throws -> T) async throws -> [T]

    /// The first row, decoded, or nil when there is none.
    /// - Throws: `PostgresError`, or what `decode` throws.
    func first<T: Sendable>(_ sql: String, _ parameters: [PostgresValue], _ decode: (PostgresRow) throws -> T) async throws -> T?

    /// Runs a statement for its effect.
    /// - Returns: the number of rows that it affected.
    /// - Throws: `PostgresError`.
    @discardableResult
    func execute(_ sql: String, _ parameters: [PostgresValue]) async throws -> Int
}

extension Queryable {
    package func all<T: Sendable>(_ sql: String, _ decode: (PostgresRow) throws -> T) async throws -> [T] {
        try await all(sql, [], decode)
    }

    package func first<T: Sendable>(_ sql: String, _ decode: (PostgresRow) throws -> T) async throws -> T? {
        try await first(sql, [], decode)
    }

    @discardableResult
    package func execute(_ sql: String) async throws -> Int {
        try await execute(sql, [])
    }
}
