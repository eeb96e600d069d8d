import Logging
import ServiceLifecycle

/// A pool of connections to one PostgreSQL database.
///
/// Nothing connects before `start()`, `run()` or the first statement. Statements may be run from any task; cancelling the task
/// cancels the statement. When the server is down, callers get `PostgresError` with `isUnavailable` at once, and the pool tries on.
package final class Database: Service, Queryable {
    package let settings: PostgresSettings
    let logger: Logger
    private let pool: ConnectionPool
    let listener: Listener

    /// - Throws: `PostgresError` (`encoding`) when the connection string is malformed.
    package init(settings: PostgresSettings, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        pool = ConnectionPool(settings: settings, parameters: try ConnectionParameters(settings), logger: logger)
        listener = Listener(settings: settings, parameters: try ConnectionParameters(settings, direct: true), logger: logger)
    }

    /// Begins to connect in the background. Harmless when repeated.
    package func start() {
        pool.start()
    }

    /// Keeps the pool until graceful shutdown or cancellation, then closes it.
    package func run() async throws {
        start()
        // Cancellation ends the wait as shutdown does.
        try? await gracefulShutdown()
        await close()
    }

    /// Refuses new work, lets running statements end (at most 5 s) and closes every connection.
    package func close() async {
        listener.close()
        await pool.close()
    }

    /// How the pool stands.
    package var figures: PoolFigures { pool.figures }

    /// Whether LISTEN is in force for every channel that somebody listens on, and somebody does.
    package var isListening: Bool { listener.isListening }

    package func all<T: Sendable>(
        _ sql: String, _ parameters: [PostgresValue], _ decode: (PostgresRow) throws -> T
    ) async throws -> [T] {
        try await perform(sql, parameters).map(decode)
    }

    package func first<T: Sendable>(
        _ sql: String, _ parameters: [PostgresValue], _ decode: (PostgresRow) throws -> T
    ) async throws -> T? {
        try await perform(sql, parameters).first(decode)
    }

    @discardableResult
    package func execute(_ sql: String, _ parameters: [PostgresValue]) async throws -> Int {
        try await perform(sql, parameters).affectedRowCount
    }

    private func perform(_ sql: String, _ parameters: [PostgresValue]) async throws -> PostgresResult {
        let errand = Errand(.statement(sql, parameters), .single)
        let pool = pool
        let outcome = try await errand.perform(submit: { pool.submit($0) }, abandon: { pool.abandon($0) })
        guard case .result(let result) = outcome else { throw PostgresError(.decoding("the statement gave no result")) }
        return result
    }

    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws. BEGIN travels with the first statement.
    ///
    /// - Throws: what `body` throws, else `PostgresError`; with `mayHaveCommitted` when the answer to COMMIT was lost.
    package func transaction<T: Sendable>(
        isolation: TransactionIsolation = .readCommitted, _ body: (Transaction) async throws -> T
    ) async throws -> T {
        let pool = pool
        let errand = Errand(.lease, .part)
        let outcome = try await errand.perform(submit: { pool.submit($0) }, abandon: { pool.abandon($0) })
        guard case .connection(let connection) = outcome else { throw PostgresError(.unavailable("no connection")) }
        connection.beginLazily(isolation.begin)
        let transaction = Transaction(connection: connection)
        // However it ends, the pool looks at the connection's state and closes one that isn't clean.
        defer { pool.release(connection) }
        do {
            let value = try await body(transaction)
            try await transaction.commit()
            return value
        } catch {
            await transaction.rollBack()
            throw error
        }
    }
}

/// How much of other transactions a transaction sees (PostgreSQL §13.2).
package enum TransactionIsolation: Sendable {
    case readCommitted, repeatableRead, serializable

    var begin: String {
        switch self {
        case .readCommitted: "begin isolation level read committed"
        case .repeatableRead: "begin isolation level repeatable read"
        case .serializable: "begin isolation level serializable"
        }
    }
}
