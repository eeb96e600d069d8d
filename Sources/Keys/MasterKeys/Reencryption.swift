import Postgres
import Runtime

/// Moves what is sealed to the first master key, while servers run, so that an older one can be taken away. Any number of processes may
/// do so at once; what is done is done, so whoever is interrupted starts again where it ended.
///
/// Nobody is told: what the values mean stays the same.
package struct Reencryption: Sendable {
    /// Rows of one transaction.
    private static let batchMax = 200

    private let database: Database
    private let tables: [SealedTable]
    private let masterKeys: MasterKeys
    private let randomness: any Randomness

    package init(_ database: Database, tables: [SealedTable], masterKeys: MasterKeys, randomness: any Randomness) {
        self.database = database
        self.tables = tables
        self.masterKeys = masterKeys
        self.randomness = randomness
    }

    /// How far a run has come in one table, in rows.
    package struct Progress: Sendable, Equatable {
        package let table: String
        package let done: Int
        package let total: Int
    }

    /// What a run could not move, and why: by the master key that it needs, or as altered.
    package typealias Remainder = [MasterKeyError]

    /// - Parameter onProgress: called after every batch.
    /// - Returns: one entry for each value that can't be opened, at most a hundred.
    /// - Throws: `PostgresError`.
    @discardableResult
    package func run(onProgress: (Progress) -> Void = { _ in }) async throws -> Remainder {
        var remainder: Remainder = []
        for table in tables where try await SealedTableStore(table, database).isPresent() {
            let total = try await SealedTableStore(table, database).countRows(notSealedWith: masterKeys.sealHeader)
            guard total > 0 else { continue }
            var done = 0
            // First what nobody else holds, then the rest: so a lock of somebody else delays one row and not all.
            for isPatient in [false, true] {
                var after: String?
                var left: Remainder = []
                while let batch = try await moveBatch(table, after: after, isPatient: isPatient) {
                    done += batch.moved
                    left += batch.left
                    after = batch.last
                    onProgress(Progress(table: table.name, done: min(done, total), total: total))
                }
                if isPatient { remainder += left.prefix(100 - min(100, remainder.count)) }
            }
        }
        return remainder
    }

    /// - Returns: nil when there is nothing after `after`.
    private func moveBatch(
        _ table: SealedTable, after: String?, isPatient: Bool
    ) async throws -> (moved: Int, left: Remainder, last: String)? {
        try await database.transaction { transaction in
            let store = SealedTableStore(table, transaction)
            try await store.lockTable()
            let rows = try await store.lockRows(
                notSealedWith: masterKeys.sealHeader, after: after, countMax: Self.batchMax, isPatient: isPatient)
            guard let last = rows.last?.key else { return nil }
            var moved = 0
            var left: Remainder = []
            for row in rows {
                var resealed = row
                let before = left.count
                for (index, column) in table.columns.enumerated() {
                    do {
                        resealed.values[index] = try reseal(row.values[index], table, column, row.key)
                    } catch let error as MasterKeyError {
                        left.append(error)
                    }
                }
                if resealed.values != row.values { try await store.update(resealed) }
                if left.count == before { moved += 1 }
            }
            return (moved, left, last)
        }
    }

    private func reseal(_ sealed: [UInt8]?, _ table: SealedTable, _ column: String, _ key: String) throws -> [UInt8]? {
        guard let sealed, !sealed.starts(with: masterKeys.sealHeader) else { return sealed }
        let opened = try masterKeys.open(sealed, table: table.name, column: column, row: key)
        return try masterKeys.seal(opened, table: table.name, column: column, row: key, randomness: randomness)
    }

    // MARK: Looking only

    /// How many values need which master key, by its id; those that name none at all under "".
    /// - Throws: `PostgresError`.
    package static func countValues(_ tables: [SealedTable], _ database: some Queryable) async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for table in tables {
            let store = SealedTableStore(table, database)
            guard try await store.isPresent() else { continue }
            for (keyID, count) in try await store.countValues() { counts[keyID ?? "", default: 0] += count }
        }
        return counts
    }

    /// Opens every sealed value once.
    /// - Returns: how many there are, and one entry for each that can't be opened, at most a hundred.
    /// - Throws: `PostgresError`.
    package func check() async throws -> (count: Int, unopened: Remainder) {
        var count = 0
        var unopened: Remainder = []
        for table in tables {
            let store = SealedTableStore(table, database)
            guard try await store.isPresent() else { continue }
            var after: String?
            while true {
                let rows = try await store.list(after: after, countMax: Self.batchMax)
                guard let last = rows.last else { break }
                after = last.key
                for row in rows {
                    for (column, value) in zip(table.columns, row.values) {
                        guard let value else { continue }
                        count += 1
                        do {
                            _ = try masterKeys.open(value, table: table.name, column: column, row: row.key)
                        } catch  where unopened.count < 100 {
                            unopened.append(error)
                        } catch {}
                    }
                }
            }
        }
        return (count, unopened)
    }
}
