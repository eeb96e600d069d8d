import FoundationEssentials
import Hummingbird
import HummingbirdCore
import Keys
import Logging
import NIOCore
import NIOPosix
import OAuth
import Postgres
import Runtime
import ServiceLifecycle
import Web

/// A running server: migrate, read, reconcile, serve; on SIGTERM or SIGINT finish what is under way and stop what was started.
package struct Server: Sendable {
    private let deployment: Deployment
    private let extraServices: [any Service]
    private let onRunning: @Sendable (_ port: Int) async -> Void

    /// - Parameters:
    ///   - extraServices: run beside the server and end with it.
    ///   - onRunning: called once, when requests are being answered.
    package init(
        _ deployment: Deployment, extraServices: [any Service] = [], onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.deployment = deployment
        self.extraServices = extraServices
        self.onRunning = onRunning
    }

    /// Returns after shutdown. The deployment is closed in any case.
    package func run() async throws {
        do {
            deployment.database.start()
            try await prepare()
            try await serve()
            // What was counted since the last turn of the job.
            try? await ServerJobs.flushTally(deployment.wiring, now: deployment.wiring.parts.clock.now)
            try? await deployment.wiring.apiKeys.writeUses()
            try? await deployment.wiring.signatureKeys.writeUses()
            await deployment.close()
        } catch {
            await deployment.close()
            throw error
        }
    }

    /// - Throws: `MigrationError`, `KeyRingError`, `PostgresError`, and what ``Reconciliation/apply(dryRun:now:)`` throws.
    private func prepare() async throws {
        let wiring = deployment.wiring
        try await waitForDatabase { _ = try await deployment.migrator.migrate() }
        try await wiring.load(now: wiring.parts.clock.now)
        let changes = try await Reconciliation(settings: deployment.settings, wiring: wiring).apply()
        for change in changes {
            deployment.logger.notice("settings reconciled", metadata: ["change": "\(change.line)"])
        }
    }

    /// A stack starts its parts at once: the database may need a minute longer.
    private func waitForDatabase(_ attempt: () async throws -> Void) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do {
                return try await attempt()
            } catch let error as PostgresError where error.isUnavailable && ContinuousClock.now < deadline {
                deployment.logger.warning("waiting for PostgreSQL", metadata: ["error": "\(error)"])
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    /// A connection on which nothing comes for so long is closed.
    private static let idleTimeMax: Duration = .seconds(60)
    /// Beyond these, new connections wait in the backlog.
    private static let connectionsMax = 10_000

    private func serve() async throws {
        let wiring = deployment.wiring
        let listen = deployment.settings.listen
        let jobs = JobRunner(jobs: ServerJobs.all(wiring), clock: wiring.parts.clock, logger: deployment.logger)
        let onRunning = onRunning
        let listener = RequestChannel(
            idleTimeMax: Self.idleTimeMax, bodyBytesMax: Form.bodyBytesMax, responder: Responses(wiring).respond
        ).server(
            configuration: .init(
                address: .hostname(listen.address, port: listen.port), backlog: 1_024,
                availableConnectionsDelegate: .maximum(Self.connectionsMax, logger: deployment.logger)),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? listen.port) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: deployment.logger)
        // Shut down in reverse order: the door closes first. The database is closed after all of them.
        let services: [any Service] =
            [
                ChangeListener(wiring: wiring), jobs,
                PortClaim(address: listen.address, port: listen.port, listener: listener),
            ] + extraServices
        let group = ServiceGroup(
            configuration: .init(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: deployment.logger))
        try await group.run()
    }
}
