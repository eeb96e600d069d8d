import NIOCore
import NIOSSL
import Synchronization

/// The certificates that the client of one connection has shown.
///
/// They are noted when they arrive and count only when the handshake is complete: until then it may not hold the key.
final class TLSPeer: Sendable {
    private static let chainMax = 8
    private static let bytesMax = 16_384

    private let shown = Mutex<[[UInt8]]>([])

    /// DER, the client's own first. To be read after the handshake.
    var certificates: [[UInt8]] { shown.withLock { $0 } }

    /// Takes any chain of reasonable size. Who issued it, for what and until when is judged for each request.
    func judge(_ chain: [NIOSSLCertificate]) -> NIOSSLVerificationResult {
        guard chain.count <= Self.chainMax else { return .failed }
        var certificates: [[UInt8]] = []
        for certificate in chain {
            guard let bytes = try? certificate.toDERBytes(), bytes.count <= Self.bytesMax else { return .failed }
            certificates.append(bytes)
        }
        shown.withLock { $0 = certificates }
        return .certificateVerified
    }
}
