import FoundationEssentials
import NIOSSL
import Synchronization

/// A listener's certificate, which may change while it serves: connections keep what they began with, new ones get the newest.
package final class TLSCredentials: Sendable {
    /// What a look at the files has brought.
    package enum Reload: Sendable {
        case unchanged
        case replaced(TLSCertificate)
        /// The files are no good; the former certificate stays in use. Said once for each state of the files.
        case refused(TLSProblem)
    }

    private struct State {
        var certificate: TLSCertificate
        /// For connections that are not asked for a certificate; it remembers sessions, which clients may resume.
        var context: NIOSSLContext
        var refused: TLSProblem?
        var refusedSources: [[UInt8]] = []
    }

    package let files: TLSFiles
    private let versionMin: TLSVersionMin
    private let state: Mutex<State>

    /// - Throws: `TLSProblem`.
    package init(_ files: TLSFiles, versionMin: TLSVersionMin = .tls13) throws(TLSProblem) {
        self.files = files
        self.versionMin = versionMin
        let certificate = try TLSCertificate(files)
        state = Mutex(State(certificate: certificate, context: try Self.context(certificate, versionMin)))
    }

    /// The certificate in use.
    package var certificate: TLSCertificate { state.withLock(\.certificate) }

    /// What a new connection is made from.
    ///
    /// A connection that is asked for a certificate gets a context of its own: sessions are resumed within a context only, so none is ever
    /// resumed there. NIOSSL would give back of a resumed session's certificates only the first, and the handshake has no look at them.
    func context(asksForCertificate: Bool) throws -> NIOSSLContext {
        guard asksForCertificate else { return state.withLock(\.context) }
        return try state.withLock(\.certificate).context(versionMin: versionMin, asksForCertificate: true)
    }

    /// Reads the files anew. Their bytes are compared, not their times: they are small, and a link may lead elsewhere.
    package func reload() -> Reload {
        var sources: [[UInt8]] = []
        do {
            sources = [try files.read(files.certificate), try files.read(files.privateKey)]
            guard sources != certificate.sources else {
                state.withLock { $0.refused = nil }
                return .unchanged
            }
            let certificate = try TLSCertificate(files, sources: sources)
            let context = try Self.context(certificate, versionMin)
            state.withLock { state in
                state.certificate = certificate
                state.context = context
                state.refused = nil
            }
            return .replaced(certificate)
        } catch {
            let isNews = state.withLock { state in
                defer { (state.refused, state.refusedSources) = (error, sources) }
                return state.refused != error || state.refusedSources != sources
            }
            return isNews ? .refused(error) : .unchanged
        }
    }

    private static func context(_ certificate: TLSCertificate, _ versionMin: TLSVersionMin) throws(TLSProblem) -> NIOSSLContext {
        do {
            return try certificate.context(versionMin: versionMin, asksForCertificate: false)
        } catch {
            throw TLSProblem("\(error)")
        }
    }
}
