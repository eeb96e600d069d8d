import CLibpq
import Synchronization

/// One transaction, valid inside the closure that `Database.transaction` runs.
package final class Transaction: Queryable {
    private let connection: Connection
    private let hasEnded = Mutex(false)

    init(connection: Connection) {
        self.connection = connection
    }

    package func all<T: Sendable>(
        _ sql: String, _ parameters: [PostgresValue], _ decode: (PostgresRow) throws -> T
    ) async throws -> [T] {
        try await perform(.statement(sql, parameters)).map(decode)
    }

    package func first<T: Sendable>(
        _ sql: String, _ parameters: [PostgresValue], _ decode: (PostgresRow) throws -> T
    ) async throws -> T? {
        try await perform(.statement(sql, parameters)).first(decode)
    }

    @discardableResult
    package func execute(_ sql: String, _ parameters: [PostgresValue]) async throws -> Int {
        try await perform(.statement(sql, parameters)).affectedRowCount
    }

    /// Runs a text of several statements without parameters, as a migration file holds them.
    ///
    /// - Throws: `PostgresError`; the transaction is then lost.
    package func executeScript(_ text: String) async throws {
        // Pipeline mode speaks one statement at a time: BEGIN goes ahead by itself.
        try await execute("select 1")
        _ = try await perform(.script(text))
    }

    private func perform(_ work: Errand.Work) async throws -> PostgresResult {
        guard !hasEnded.withLock({ $0 }) else { throw PostgresError(.unavailable("the transaction has ended")) }
        let errand = Errand(work, .part)
        let outcome = try await errand.perform(submit: { submit($0) }, abandon: { _ in })
        guard case .result(let result) = outcome else { throw PostgresError(.decoding("the statement gave no result")) }
        return result
    }

    private func submit(_ errand: Errand) {
        guard case .broken(let error) = connection.send(errand) else { return }
        errand.finish(.failure(error))
        connection.lose(error)
    }

    func commit() async throws {
        hasEnded.withLock { $0 = true }
        if connection.dropPendingBegin() { return }
        let errand = Errand(.statement("commit", []), .commit)
        let outcome = try await errand.performUncancelled(submit: { submit($0) })
        // The server answers COMMIT of a failed transaction with a plain ROLLBACK.
        guard case .result(let result) = outcome, result.commandTag == "COMMIT" else {
            throw PostgresError(
                .server(sqlState: "25P02", message: "the transaction was rolled back: a statement in it had failed", constraint: nil))
        }
    }

    /// Best effort: a connection that isn't clean afterwards is closed by the pool, which ends the transaction too.
    func rollBack() async {
        hasEnded.withLock { $0 = true }
        if connection.dropPendingBegin() || connection.isOutsideTransaction { return }
        let errand = Errand(.statement("rollback", []), .part)
        _ = try? await errand.performUncancelled(submit: { submit($0) })
    }
}

extension PostgresResult {
    var commandTag: String { PQcmdStatus(pointer).map { String(cString: $0) } ?? "" }

    func map<T>(_ decode: (PostgresRow) throws -> T) throws -> [T] {
        var values: [T] = []
        values.reserveCapacity(rowCount)
        for index in 0..<rowCount { values.append(try decode(row(index))) }
        return values
    }

    func first<T>(_ decode: (PostgresRow) throws -> T) throws -> T? {
        rowCount == 0 ? nil : try decode(row(0))
    }
}
