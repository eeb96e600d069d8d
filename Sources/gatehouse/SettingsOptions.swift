import ArgumentParser
import Foundation
import GatehouseServer
import Logging
import Runtime

/// The options that every command takes, and the ways in which commands use them.
struct SettingsOptions: ParsableArguments {
    @Option(
        name: [.customShort("s"), .long],
        help: "The settings file (YAML), else the one that GATEHOUSE_SETTINGS names. GATEHOUSE_* variables are laid over it.")
    var settings: String?

    /// Reports everything that is wrong on standard error, and exits with 78 (sysexits' EX_CONFIG).
    func load() throws -> GatehouseSettings {
        do {
            let environment = ProcessInfo.processInfo.environment
            return try GatehouseSettings.load(file: settings ?? environment["GATEHOUSE_SETTINGS"], environment: environment)
        } catch {
            throw fail("\(error)", code: 78)
        }
    }

    /// Opens the deployment for one piece of work, on a migrated database, and closes it again.
    ///
    /// - Parameter changesNothing: migrates nothing either: fails where the database is behind.
    func withDeployment<T>(changesNothing: Bool = false, _ body: (Deployment) async throws -> T) async throws -> T {
        let deployment = try await open(try load(), level: .warning)
        do {
            if changesNothing {
                let missing = try await deployment.migrator.plan().count
                guard missing == 0 else { throw fail("the database is \(missing) migrations behind: run gatehouse migrate first") }
            } else {
                try await deployment.migrator.migrate()
            }
            let value = try await body(deployment)
            await deployment.close()
            return value
        } catch {
            await deployment.close()
            throw error is ExitCode ? error : fail("\(error)")
        }
    }

    func open(_ settings: GatehouseSettings, level: Logger.Level? = nil) async throws -> Deployment {
        let format = settings.log.format
        var logger = Logger(label: "gatehouse") { _ in LogLines(format, clock: SystemClock()) }
        logger.logLevel = level ?? Logger.Level(rawValue: settings.log.level.rawValue) ?? .info
        do {
            return try await Deployment.open(
                settings, executable: Self.executable, workingDirectory: FileManager.default.currentDirectoryPath, logger: logger)
        } catch {
            throw fail("\(error)")
        }
    }

    /// A path as the shell's user means it.
    static func absolute(_ path: String) -> String {
        let whole = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        return whole.count > 1 && whole.hasSuffix("/") ? String(whole.dropLast()) : whole
    }

    static var executable: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }
}

/// Ends a command with words on standard error and no usage text.
func fail(_ words: String, code: Int32 = 1) -> ExitCode {
    FileHandle.standardError.write(Data("gatehouse: \(words)\n".utf8))
    return ExitCode(code)
}
