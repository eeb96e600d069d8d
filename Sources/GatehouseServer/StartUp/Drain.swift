import Logging
import ServiceLifecycle

/// The first of the services to be shut down: says that the node is leaving, and gives balancers time to see it, before the ports close.
///
/// Meanwhile every request is answered as before; a connection of HTTP/1.1 is closed with its next answer.
struct Drain: Service, CustomStringConvertible {
    let leaving: Leaving
    let delay: Duration
    let logger: Logger

    func run() async throws {
        // Cancellation ends the wait as shutdown does.
        try? await gracefulShutdown()
        leaving.begin()
        guard delay > .zero, !Task.isCancelled else { return }
        logger.notice("leaving: still answering, no longer ready", metadata: ["seconds": "\(delay.components.seconds)"])
        try? await Task.sleep(for: delay)
    }

    /// ServiceLifecycle names services by their description.
    var description: String { "Drain" }
}
