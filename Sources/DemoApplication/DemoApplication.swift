import AsyncHTTPClient
import Hummingbird
import Logging
import Runtime
import ServiceLifecycle
import Web

/// A small web application that lets people in through the identity server: a relying party like any customer's, sharing no state with the server.
package struct DemoApplication: Service {
    private let settings: DemoSettings
    private let clock: any WallClock
    private let randomness: any Randomness
    private let logger: Logger

    package init(
        settings: DemoSettings, clock: any WallClock = SystemClock(), randomness: any Randomness = SystemRandomness(), logger: Logger
    ) {
        self.settings = settings
        self.clock = clock
        self.randomness = randomness
        self.logger = logger
    }

    /// Serves until graceful shutdown.
    package func run() async throws {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(2)
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let application: Application<RouterResponder<GatehouseContext>>
        do {
            application = Application(
                responder: try router(transport: client.demoTransport).buildResponder(),
                configuration: .init(address: .hostname(settings.host, port: settings.port)), logger: logger)
            try await application.run()
        } catch {
            try? await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }

    /// - Parameter transport: How the identity server is called.
    package func router(transport: @escaping DemoTransport) throws -> Router<GatehouseContext> {
        let site = Site(issuer: settings.baseURI, name: settings.name)
        let pages = try Pages(directory: settings.templates, site: site)
        let provider = DemoProvider(settings: settings, transport: transport)
        let router = Router(context: GatehouseContext.self)
        router.add(middleware: ResponseHeadersMiddleware(site: site))
        router.add(middleware: ErrorMiddleware(.page(pages)))
        pages.assets.addRoutes(to: router)
        DemoRoutes(
            settings: settings, site: site, pages: pages, signIn: DemoSignIn(settings: settings, provider: provider),
            sessions: DemoSessions(), clock: clock, randomness: randomness
        ).add(to: router)
        return router
    }
}
