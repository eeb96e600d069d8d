import ArgumentParser
import DemoApplication
import Foundation
import GatehouseServer
import Logging
import ServiceLifecycle

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Migrate, reconcile the settings, and serve until SIGTERM or Ctrl-C.")

    @OptionGroup var options: SettingsOptions

    @Flag(help: "Also serve the demo application on http://127.0.0.1:8081, and print how to try it.")
    var demoApp = false

    func run() async throws {
        let settings = try options.load()
        let deployment = try await options.open(settings)
        let demo = demoApp ? DemoCard.settings(deployment) : nil
        let extras: [any Service] =
            demo.map { demo in
                [PortClaim(address: demo.host, port: demo.port, listener: DemoApplication(settings: demo, logger: deployment.logger))]
            } ?? []
        let server = Server(deployment, extraServices: extras) { port in
            if let demo {
                print(DemoCard.text(deployment, demo))
            } else {
                deployment.logger.notice("serving", metadata: ["issuer": "\(settings.issuer)", "port": "\(port)"])
            }
            fflush(nil)
        }
        do {
            try await server.run()
        } catch {
            throw fail("\(error)")
        }
    }
}
