import FoundationEssentials
import Hummingbird
import Keys
import Logging
import NIOCore
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
            let listeners = try Listeners(deployment.settings.listen, logger: deployment.logger)
            deployment.database.start()
            try await prepare()
            try await serve(listeners)
            // What was counted since the last turn of the job.
            try? await ServerJobs.flushTally(deployment.wiring, now: deployment.wiring.parts.clock.now)
            try? await deployment.wiring.apiKeys.writeUses()
            try? await deployment.wiring.doorSessions.writeUses()
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
        try await wiring.clockDifference.compare(wiring.database, clock: wiring.parts.clock)
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

    private func serve(_ listeners: Listeners) async throws {
        let wiring = deployment.wiring
        listeners.warn(now: wiring.parts.clock.now)
        let locks = JobLockStore(wiring.database)
        let jobs = JobRunner(
            jobs: ServerJobs.all(wiring) + listeners.jobs, clock: wiring.parts.clock, logger: deployment.logger, exclusion: locks.alone)
        let responses = HostResponses(wiring)
        let metrics = MetricsEndpoint(wiring, requests: responses.main.requests, jobs: jobs.tally)
        let settings = deployment.settings
        // Shut down in reverse order: first the node says that it leaves, then the doors close, and monitoring watches to the end.
        // The database is closed after all of them.
        let services: [any Service] =
            [ChangeListener(wiring: wiring), jobs] + listeners.monitoring(settings.metrics.listen, metrics)
            + listeners.services(
                responses.respond, leaving: wiring.leaving,
                onRunning: { port in
                    await onRunning(port)
                    ProcessMemory.trim()
                    ProcessMemory.releaseCode()
                }) + extraServices
            + [Drain(leaving: wiring.leaving, delay: settings.shutdown.delay, logger: deployment.logger)]
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: deployment.logger)
        configuration.maximumGracefulShutdownDuration = settings.shutdown.timeMax
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch is CancellationError where wiring.leaving.isUnderway {
            deployment.logger.warning("what was still under way at the end of shutdown.time_max was given up")
        }
    }
}
