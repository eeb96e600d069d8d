import ServiceLifecycle
import UnixSignals

/// SIGHUP: look at the certificates' files at once, without waiting for the next turn of the job.
struct CertificateSignal: Service, CustomStringConvertible {
    let reload: @Sendable () -> Void

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        await cancelWhenGracefulShutdown {
            for await _ in signals { reload() }
        }
    }

    var description: String { "CertificateSignal" }
}
