import Logging
import Postgres
import Runtime
import ServiceLifecycle

/// Keeps the key ring in step: every hour by the timetable, and at once when another node changed the keys.
package struct KeyRotationJob: Service {
    private let keyRing: KeyRing
    private let database: Database
    private let clock: any WallClock
    private let logger: Logger

    package init(keyRing: KeyRing, database: Database, clock: any WallClock, logger: Logger) {
        self.keyRing = keyRing
        self.database = database
        self.clock = clock
        self.logger = logger
    }

    /// The hourly turn, for the `JobRunner`.
    package var job: Job {
        Job(name: "key rotation", interval: .hours(1)) { [keyRing] now in try await keyRing.load(now: now) }
    }

    /// Listens for changes until the server shuts down. After a lost connection the keys are loaded again, as a message may have been
    /// missed.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            for await notification in database.notifications(on: SigningKeyStore.channel) {
                switch notification {
                case .connected, .message: await load()
                case .lost: break
                }
            }
        }
    }

    private func load() async {
        do {
            try await keyRing.load(now: clock.now)
        } catch {
            logger.error("signing keys can't be loaded; the ones known stay in use", metadata: ["error": "\(error)"])
        }
    }
}
