import ArgumentParser
import DemoApplication
import Foundation
import GatehouseServer
import Logging
import ServiceLifecycle

struct DemoApplicationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo-app", abstract: "Serve the demo application alone: a relying party for any issuer.",
        discussion: "The client secret is read from GATEHOUSE_DEMO_CLIENT_SECRET; without one it is a public client.")

    @Option(help: "The issuer to sign in with.")
    var issuer = "http://localhost:8080"

    @Option(help: "The client id there.")
    var clientID = "demo"

    @Option(help: "Where this process reaches the issuer, when browsers use another address.")
    var internalIssuer: String?

    @Option(help: "The address to listen on.")
    var address = "127.0.0.1"

    @Option(help: "The port to listen on.")
    var port = 8081

    @Option(name: .customLong("base-uri"), help: "The application as browsers reach it; http://127.0.0.1 with the port when left out.")
    var baseURI: String?

    @Option(help: "The directory of the application's own templates; found near the program when left out.")
    var templates: String?

    func run() async throws {
        let found = ResourcesDirectory.find(
            executable: SettingsOptions.executable, workingDirectory: FileManager.default.currentDirectoryPath)
        guard let templates = templates ?? found.map({ $0 + "/Templates/DemoApplication" }) else {
            throw fail("Templates/ was not found near \(SettingsOptions.executable): give --templates")
        }
        var settings = DemoSettings(issuer: issuer, templates: templates)
        settings.clientID = clientID
        settings.clientSecret = ProcessInfo.processInfo.environment["GATEHOUSE_DEMO_CLIENT_SECRET"]
        settings.port = port
        settings.host = address
        settings.internalIssuer = internalIssuer
        settings.baseURI = baseURI ?? "http://127.0.0.1:\(port)"
        let logger = Logger(label: "gatehouse-demo", factory: StreamLogHandler.standardError(label:))
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    PortClaim(address: settings.host, port: port, listener: DemoApplication(settings: settings, logger: logger))
                ], gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger))
        do {
            try await group.run()
        } catch {
            throw fail("\(error)")
        }
    }
}
