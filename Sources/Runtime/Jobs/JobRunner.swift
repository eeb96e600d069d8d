import Logging
import ServiceLifecycle

/// Runs every job on its own interval until the server shuts down. A run that throws is logged and tried again at its next turn.
package struct JobRunner: Service, CustomStringConvertible {
    /// Does a piece of work unless another node is at it.
    /// - Returns: whether it was done.
    package typealias Exclusion = @Sendable (_ name: String, _ work: @Sendable () async throws -> Void) async throws -> Bool

    /// What the jobs have done.
    package let tally: JobTally
    private let jobs: [Job]
    private let clock: any WallClock
    private let logger: Logger
    private let exclusion: Exclusion

    /// - Parameter exclusion: for jobs that one node does at a time; without it each node takes itself for alone.
    package init(
        jobs: [Job], clock: any WallClock, logger: Logger,
        exclusion: @escaping Exclusion = { _, work in
            try await work()
            return true
        }
    ) {
        self.jobs = jobs
        self.clock = clock
        self.logger = logger
        self.exclusion = exclusion
        tally = JobTally(jobs)
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for index in jobs.indices {
                    group.addTask { await repeatUntilCancelled(index) }
                }
            }
        }
    }

    private func repeatUntilCancelled(_ index: Int) async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: jobs[index].interval) } catch { return }
            guard await turn(index) else { return }
        }
    }

    /// One turn of one job.
    /// - Returns: false when it was cancelled.
    func turn(_ index: Int) async -> Bool {
        let job = jobs[index]
        let begunAt = MonotonicClock.nanoseconds
        func note(_ outcome: JobTally.Outcome) {
            tally.note(index, outcome, nanoseconds: MonotonicClock.nanoseconds - begunAt, at: clock.now.numericDate)
        }
        do {
            let now = clock.now
            switch job.reach {
            case .everyNode:
                try await job.run(now)
                note(.run)
            case .oneNode:
                note(try await exclusion(job.name) { try await job.run(now) } ? .run : .skip)
            }
        } catch is CancellationError {
            return false
        } catch {
            note(.failure)
            logger.error("job failed", metadata: ["job": "\(job.name)", "error": "\(error)"])
        }
        return true
    }

    /// ServiceLifecycle names services by their description, which would otherwise list all that they hold, by reflection.
    package var description: String { "JobRunner" }
}
