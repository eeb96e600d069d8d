import ArgumentParser
import FoundationEssentials
import GatehouseServer
import Runtime

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Write the database to a folder, while servers run.",
        discussion: "The master keys are not in it: keep them elsewhere. Needs pg_dump, at least as new as the server.")

    @OptionGroup var options: SettingsOptions

    @Argument(help: "The folder to make.")
    var folder: String

    @Flag(help: "Also where a master key that something is sealed under is lost for good.")
    var allowMissingKeys = false

    func run() async throws {
        let deployment = try await options.open(try options.load(), level: .warning)
        do {
            let manifest = try await Backup(deployment).write(
                to: SettingsOptions.absolute(folder), allowsMissingKeys: allowMissingKeys, now: deployment.wiring.parts.clock.now)
            print("\(folder): \(manifest.dumpBytes) bytes, \(manifest.migrations.count) migrations")
            for key in manifest.masterKeys {
                let state = key.fingerprint == nil ? "is lost: \(key.valueCount) values can't be opened" : "opens \(key.valueCount) values"
                print("master key \"\(key.id)\" \(state)")
            }
            await deployment.close()
        } catch {
            await deployment.close()
            throw fail("\(error)")
        }
    }
}
