import Crypto
import FoundationEssentials

/// One numbered SQL file, `NNNN_what_changed.sql`: forward only, never edited once it has been applied somewhere.
package struct Migration: Sendable, Equatable {
    package let number: Int
    /// The file name without number and ending.
    package let name: String
    package let sql: String
    /// Which older programs go on beside it.
    package let reach: MigrationReach

    /// A first line that is a malformed mark counts as none; ``load(directory:)`` refuses it.
    package init(number: Int, name: String, sql: String) {
        self.number = number
        self.name = name
        self.sql = sql
        reach = MigrationReach.read(sql, number: number) ?? .from(number)
    }

    /// SHA-256 of the text, in hex.
    package var checksum: String {
        SHA256.hash(data: Array(sql.utf8)).map { byte in
            let hex = String(byte, radix: 16)
            return hex.utf8.count == 1 ? "0" + hex : hex
        }.joined()
    }

    /// Reads every `*.sql` file of a directory, in order. An absent or empty directory holds no migration.
    ///
    /// - Throws: `MigrationError.misnamed`, `.duplicated`, `.gap`, or the file system's error.
    package static func load(directory: String) throws -> [Migration] {
        guard FileManager.default.fileExists(atPath: directory) else { return [] }
        var migrations: [Migration] = []
        for file in try FileManager.default.contentsOfDirectory(atPath: directory) where file.hasSuffix(".sql") {
            let parts = file.dropLast(4).split(separator: "_", maxSplits: 1)
            guard parts.count == 2, parts[0].utf8.count == 4, let number = Int(parts[0]), number > 0 else {
                throw MigrationError.misnamed(file)
            }
            let contents = try Data(contentsOf: URL(filePath: "\(directory)/\(file)"))
            guard let sql = String(validating: contents, as: UTF8.self) else { throw MigrationError.misnamed("\(file) (not UTF-8)") }
            guard MigrationReach.read(sql, number: number) != nil else { throw MigrationError.mismarked(file) }
            migrations.append(Migration(number: number, name: String(parts[1]), sql: sql))
        }
        migrations.sort { $0.number < $1.number }
        try checkNumbers(migrations)
        return migrations
    }

    /// Numbers run from 1 without a gap, so that two branches can't both land a file of the same number unseen.
    static func checkNumbers(_ migrations: [Migration]) throws(MigrationError) {
        for (index, migration) in migrations.enumerated() where migration.number != index + 1 {
            throw migration.number <= index ? .duplicated(migration.number) : .gap(index + 1)
        }
    }
}

/// Why the database and the program's migrations don't fit.
package enum MigrationError: Error, Equatable, CustomStringConvertible {
    /// The database knows a migration that this program does not, and that does not serve it: an older program on a newer database.
    case databaseIsNewer(Int)
    /// This migration's text differs from the one that was applied.
    case changed(Int)
    /// This number is missing.
    case gap(Int)
    case duplicated(Int)
    case misnamed(String)
    case mismarked(String)
    /// The statement of this migration that failed, in the server's words.
    case failed(Int, name: String, reason: String)

    package var description: String {
        switch self {
        case .databaseIsNewer(let number):
            "the database is newer than this program: migration \(number) no longer serves it. Start the newer program, or restore a backup."
        case .changed(let number): "migration \(number) was changed after it had been applied. Put the file back and add a new one."
        case .gap(let number): "migration \(number) is missing"
        case .duplicated(let number): "two migrations have the number \(number)"
        case .misnamed(let file): "\(file) is not named NNNN_what_changed.sql"
        case .mismarked(let file): "the first line of \(file) is neither -- expand nor -- contract from NNNN"
        case .failed(let number, let name, let reason): "migration \(number) (\(name)) failed: \(reason)"
        }
    }
}
