import Logging
import ServiceLifecycle

/// Runs every job on its own interval until the server shuts down. A run that throws is logged and tried again at its next turn.
package struct JobRunner: Service, CustomStringConvertible {
    private let jobs: [Job]
    private let clock: any WallClock
    private let logger: Logger

    package init(jobs: [Job], clock: any WallClock, logger: Logger) {
        self.jobs = jobs
        self.clock = clock
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for job in jobs {
                    group.addTask { await repeatUntilCancelled(job) }
                }
            }
        }
    }

    private func repeatUntilCancelled(_ job: Job) async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: job.interval) } catch { return }
            do {
                try await job.run(clock.now)
            } catch is CancellationError {
                return
            } catch {
                logger.error("job failed", metadata: ["job": "\(job.name)", "error": "\(error)"])
            }
        }
    }

    /// ServiceLifecycle names services by their description, which would otherwise list all that they hold, by reflection.
    package var description: String { "JobRunner" }
}
