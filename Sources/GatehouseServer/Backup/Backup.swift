import FoundationEssentials
import Glibc
import Keys
import Postgres

/// Writes the whole database to a folder, and back. The master keys are never in it: whoever has only the backup can read what is not
/// sealed, and restore nothing.
package struct Backup: Sendable {
    /// Partitions of two minutes come and go while a dump is made, and their rows are worth nothing later.
    private static let passing = ["replay_proofs_*"]
    private static let timeMax: Duration = .seconds(86_400)

    private let deployment: Deployment

    package init(_ deployment: Deployment) {
        self.deployment = deployment
    }

    private var masterKeys: MasterKeys { deployment.wiring.parts.masterKeys }

    // MARK: Backing up

    /// Servers may run meanwhile: everything in it is of one instant.
    /// - Parameters:
    ///   - path: absolute; must not exist.
    ///   - allowsMissingKeys: also where something is sealed under a master key that is lost.
    /// - Throws: `DeploymentError`, `MigrationError`, `ArchiveError`, `PostgresError`; nothing is left behind.
    package func write(to path: String, allowsMissingKeys: Bool, now: Date) async throws -> BackupManifest {
        let folder = try BackupFolder.begin(for: path)
        do {
            let manifest = try await fill(folder, allowsMissingKeys: allowsMissingKeys, now: now)
            try BackupFolder.write(manifest.bytes, to: folder.manifest)
            try folder.finish(as: path)
            return manifest
        } catch {
            folder.remove()
            throw error
        }
    }

    private func fill(_ folder: BackupFolder, allowsMissingKeys: Bool, now: Date) async throws -> BackupManifest {
        try BackupFolder.makeFile(folder.dump)
        let database = try Database(settings: deployment.database.settings.forUpkeep(timeMax: Self.timeMax), logger: deployment.logger)
        let seen: (migrations: [AppliedMigration], keys: [BackupManifest.MasterKey])
        do {
            seen = try await database.transaction(isolation: .repeatableRead) { transaction in
                let snapshot = try await BackupStore.exportSnapshot(transaction)
                let migrations = try await Migrator.applied(transaction)
                guard !migrations.isEmpty else { throw DeploymentError("the database holds nothing of Gatehouse") }
                // A newer program may have sealed what this one knows nothing of.
                _ = try deployment.migrator.check(migrations)
                let keys = try await neededKeys(transaction, allowsMissing: allowsMissingKeys)
                let archive = try PostgresArchive(
                    deployment.database.settings, serverVersion: try await BackupStore.serverVersion(transaction))
                try await archive.dump(to: folder.dump, snapshot: snapshot, excluding: Self.passing, log: folder.log)
                return (migrations, keys)
            }
            await database.close()
        } catch {
            await database.close()
            throw error
        }
        let (bytes, sha256) = try folder.measureDump()
        return BackupManifest(
            program: Deployment.version, issuer: deployment.settings.issuer, madeAt: now, dumpBytes: bytes, dumpSHA256: sha256,
            migrations: seen.migrations, masterKeys: seen.keys)
    }

    private func neededKeys(_ transaction: Transaction, allowsMissing: Bool) async throws -> [BackupManifest.MasterKey] {
        let counts = try await Reencryption.countValues(SealedTables.all, transaction)
        let keys = counts.filter { !$0.key.isEmpty }.sorted { $0.key < $1.key }.map { id, count in
            BackupManifest.MasterKey(id: id, fingerprint: masterKeys.fingerprint(of: id), valueCount: count)
        }
        for key in keys where key.fingerprint == nil && !allowsMissing {
            throw DeploymentError(
                "\(key.valueCount) values are sealed under master key \"\(key.id)\", which was not given: add it to the master keys,"
                    + " or say --allow-missing-keys where it is lost")
        }
        return keys
    }

    // MARK: Restoring

    /// What a restore found and did.
    package struct Restored: Sendable {
        package let manifest: BackupManifest
        /// Migrations that the next start of a server applies.
        package let missingMigrations: Int
        package let sealedValues: Int
        package let unopened: [MasterKeyError]
    }

    /// Fills an empty database, wholly or not at all.
    /// - Parameter path: absolute; the folder that ``write(to:allowsMissingKeys:now:)`` made.
    /// - Throws: `DeploymentError`, `MigrationError`, `ArchiveError`, `PostgresError`; nothing was changed then.
    package func restore(from path: String) async throws -> Restored {
        let folder = BackupFolder(path: path)
        let manifest = try folder.readManifest()
        let missing = try check(manifest)
        let (bytes, sha256) = try folder.measureDump()
        guard bytes == manifest.dumpBytes, sha256 == manifest.dumpSHA256 else {
            throw DeploymentError("\(folder.dump) is not what was backed up: it was cut short or altered")
        }
        let log = try logFile()
        defer { unlink(log) }
        try await deployment.migrator.exclusively { transaction in
            guard try await BackupStore.isEmpty(transaction) else {
                throw DeploymentError("the database is not empty: restore into a new one (createdb), never over another")
            }
            let archive = try PostgresArchive(
                deployment.database.settings, serverVersion: try await BackupStore.serverVersion(transaction))
            try await archive.restore(from: folder.dump, log: log)
        }
        let (count, unopened) = try await SealedTables.reencryption(deployment.wiring).check()
        // What was lost before the backup is no surprise.
        let lost = Set(manifest.masterKeys.filter { $0.fingerprint == nil }.map { MasterKeyError.unknownKey(keyID: $0.id) })
        return Restored(
            manifest: manifest, missingMigrations: missing, sealedValues: count, unopened: unopened.filter { !lost.contains($0) })
    }

    /// - Returns: the number of migrations that the backup lacks.
    private func check(_ manifest: BackupManifest) throws -> Int {
        let missing: [Migration]
        do {
            missing = try deployment.migrator.check(manifest.migrations)
        } catch MigrationError.databaseIsNewer(let number) {
            throw DeploymentError(
                "the backup is newer than this program: it has migration \(number), made by version \(manifest.program)."
                    + " Restore it with that program.")
        }
        for key in manifest.masterKeys {
            guard let fingerprint = key.fingerprint else { continue }
            guard let ours = masterKeys.fingerprint(of: key.id) else {
                throw DeploymentError(
                    "the backup needs master key \"\(key.id)\", which was not given: without it \(key.valueCount) stored values can't be opened"
                )
            }
            guard ours == fingerprint else {
                throw DeploymentError(
                    "the backup needs master key \"\(key.id)\", and what was given under this id is another key: \(key.valueCount) stored values"
                        + " can't be opened with it")
            }
        }
        return missing.count
    }

    /// The backup itself may stand where nothing can be written.
    private func logFile() throws -> String {
        var template = Array("\(FileManager.default.temporaryDirectory.path)/gatehouse-restore-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw DeploymentError("no temporary file can be made") }
        close(descriptor)
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
