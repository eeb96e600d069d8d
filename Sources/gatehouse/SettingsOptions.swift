import ArgumentParser
import Foundation
import GatehouseServer
import Logging
import Runtime

/// The options that every command takes, and the ways in which commands use them.
struct SettingsOptions: ParsableArguments {
    @Option(name: [.customShort("s"), .long], help: "The settings file (YAML). GATEHOUSE_* variables are laid over it.")
    var settings: String?

    /// Reports everything that is wrong on standard error, and exits with 78 (sysexits' EX_CONFIG).
    func load() throws -> GatehouseSettings {
        do {
            return try GatehouseSettings.load(file: settings, environment: ProcessInfo.processInfo.environment)
        } catch {
            throw fail("\(error)", code: 78)
        }
    }

    /// Opens the deployment for one piece of work and closes it again.
    /// - Parameter migrating: false for what only reads: then a database of another version is refused and left as it is.
    func withDeployment<T>(migrating: Bool = true, _ body: (Deployment) async throws -> T) async throws -> T {
        let deployment = try await open(try load(), level: .warning)
        do {
            if migrating {
                _ = try await deployment.migrator.migrate()
            } else if try await !deployment.migrator.plan().isEmpty {
                throw fail("the database is older than this program: run `gatehouse migrate` first")
            }
            let value = try await body(deployment)
            await deployment.close()
            return value
        } catch {
            await deployment.close()
            throw error
        }
    }

    func open(_ settings: GatehouseSettings, level: Logger.Level? = nil) async throws -> Deployment {
        var logger = Logger(label: "gatehouse", factory: StreamLogHandler.standardError(label:))
        logger.logLevel = level ?? Logger.Level(rawValue: settings.log.level.rawValue) ?? .info
        do {
            return try await Deployment.open(
                settings, executable: Self.executable, workingDirectory: FileManager.default.currentDirectoryPath, logger: logger)
        } catch {
            throw fail("\(error)")
        }
    }

    private static var executable: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }
}

/// Ends a command with words on standard error and no usage text.
func fail(_ words: String, code: Int32 = 1) -> ExitCode {
    FileHandle.standardError.write(Data("gatehouse: \(words)\n".utf8))
    return ExitCode(code)
}
