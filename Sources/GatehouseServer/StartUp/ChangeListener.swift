import FoundationEssentials
import Logging
import OAuth
import Postgres
import Runtime
import ServiceLifecycle

/// Hears what other nodes and commands have changed (NOTIFY on the channel `gatehouse`), and flushes what this node holds of it.
///
/// When the line is lost, caches fall back to their time limit; when it is back, listening comes first and the reload after,
/// so that nothing falls between.
struct ChangeListener: Service, CustomStringConvertible {
    static let channel = "gatehouse"

    let wiring: Wiring

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await notification in wiring.database.notifications(on: Self.channel) {
                await hear(notification)
            }
        }
        setListening(false)
    }

    private func setListening(_ isListening: Bool) {
        wiring.clients.setListening(isListening)
        wiring.apiKeys.setListening(isListening)
        wiring.signatureKeys.setListening(isListening)
        wiring.certificates.setListening(isListening)
        wiring.federation.directory.setListening(isListening)
    }

    private func hear(_ notification: PostgresNotification) async {
        switch notification {
        case .connected:
            setListening(true)
            await reload()
        case .lost:
            setListening(false)
        case .message("clients"):
            wiring.clients.flush()
            // A client's keys live and die with it.
            wiring.apiKeys.flush()
            wiring.signatureKeys.flush()
        case .message("api_keys"):
            wiring.apiKeys.flush()
            // Said of a person who was disabled as well.
            wiring.signatureKeys.flush()
        case .message("signature_keys"):
            wiring.signatureKeys.flush()
        case .message("certificates"):
            await reloadCertificates()
        case .message("federation"):
            await reloadProviders()
        case .message("revocations"):
            await reloadRevocations()
        case .message("keys"):
            await reloadKeys()
        case .message:
            break
        }
    }

    private func reload() async {
        await reloadRevocations()
        await reloadKeys()
        await reloadCertificates()
        await reloadProviders()
    }

    private func reloadProviders() async {
        do {
            try await wiring.federation.directory.load()
        } catch {
            // What can't be read now is read by the job, which takes it that nobody tells.
            wiring.federation.directory.setListening(false)
            wiring.parts.logger.error("providers could not be read", metadata: ["error": "\(error)"])
        }
    }

    private func reloadCertificates() async {
        do {
            try await wiring.certificates.load()
        } catch {
            // The job tries again.
            wiring.parts.logger.error("certificates could not be read", metadata: ["error": "\(error)"])
        }
    }

    private func reloadRevocations() async {
        do {
            try await wiring.revocations.load(now: wiring.parts.clock.now)
        } catch {
            wiring.parts.logger.warning("revocations could not be read", metadata: ["error": "\(error)"])
        }
    }

    private func reloadKeys() async {
        // Until it has worked, the job tries again every few seconds.
        wiring.keysAreStale.set(true)
        do {
            try await wiring.keys.load(now: wiring.parts.clock.now)
            wiring.forgetVerified()
            wiring.keysAreStale.set(false)
        } catch {
            wiring.parts.logger.warning("signing keys could not be read", metadata: ["error": "\(error)"])
        }
    }

    /// ServiceLifecycle names services by their description, which would otherwise list all that they hold, by reflection.
    var description: String { "ChangeListener" }
}
