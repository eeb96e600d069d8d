import ArgumentParser
import FoundationEssentials
import GatehouseServer

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Fill an empty database from a folder that `gatehouse backup` made.",
        discussion: "Refused where a master key is missing, the database is not empty, or the backup is newer than the program.")

    @OptionGroup var options: SettingsOptions

    @Argument(help: "The folder.")
    var folder: String

    func run() async throws {
        let deployment = try await options.open(try options.load(), level: .warning)
        do {
            let restored = try await Backup(deployment).restore(from: SettingsOptions.absolute(folder))
            print("restored what was backed up at \(restored.manifest.madeAt.formatted(.iso8601)) of \(restored.manifest.issuer)")
            if restored.missingMigrations > 0 { print("\(restored.missingMigrations) migrations are missing: the next start applies them") }
            guard restored.unopened.isEmpty else {
                throw fail(
                    "of \(restored.sealedValues) sealed values some can't be opened:\n"
                        + restored.unopened.map { "  \($0)" }.joined(separator: "\n"))
            }
            print("the master keys open all of its \(restored.sealedValues) sealed values")
            await deployment.close()
        } catch {
            await deployment.close()
            throw error is ExitCode ? error : fail("\(error)")
        }
    }
}
