import ArgumentParser
import Foundation
import GatehouseServer

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Check, print and apply the settings.", subcommands: [Check.self, Print.self, Apply.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Report everything that is wrong with the settings and the certificate files that they name.")

        @OptionGroup var options: SettingsOptions

        func run() async throws {
            let settings = try options.load()
            let problems = SettingsFiles.problems(settings, workingDirectory: FileManager.default.currentDirectoryPath)
            guard problems.isEmpty else { throw fail(problems.joined(separator: "\n"), code: 78) }
            print("the settings are good: issuer \(settings.issuer), \(settings.clients.count) clients, \(settings.users.count) users")
        }
    }

    struct Print: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the settings in force, secrets hidden.")

        @OptionGroup var options: SettingsOptions

        func run() async throws {
            print(try options.load().printed())
        }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Bring declared clients and users in line with the settings file.")

        @OptionGroup var options: SettingsOptions

        @Flag(help: "Only print the plan.")
        var dryRun = false

        func run() async throws {
            try await options.withDeployment(changesNothing: dryRun) { deployment in
                let changes = try await Reconciliation(settings: deployment.settings, wiring: deployment.wiring).apply(dryRun: dryRun)
                for change in changes { print((dryRun ? "would " : "") + change.line) }
                if changes.isEmpty { print("nothing to change") }
            }
        }
    }
}
