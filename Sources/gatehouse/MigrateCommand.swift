import ArgumentParser
import GatehouseServer
import Logging

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the database up to this program's schema, or say what would be done.")

    @OptionGroup var options: SettingsOptions

    @Flag(help: "Only print what would be applied.")
    var dryRun = false

    func run() async throws {
        let deployment = try await options.open(try options.load(), level: .warning)
        do {
            let applied = dryRun ? try await deployment.migrator.plan() : try await deployment.migrator.migrate()
            for migration in applied { print("\(dryRun ? "would apply" : "applied") \(migration.name)") }
            if applied.isEmpty { print("the database is up to date") }
            await deployment.close()
        } catch {
            await deployment.close()
            throw fail("\(error)")
        }
    }
}
