import COpenSSL
import FoundationEssentials

/// A revocation list (RFC 5280 §5) as libcrypto holds it.
final class CertificateRevocationList: Sendable {
    static let bytesMax = 33_554_432

    /// Owned by this object and never changed after init, but for what libcrypto caches in it under a lock of its own.
    nonisolated(unsafe) let pointer: OpaquePointer
    /// When the next one is due; the distant future where the list doesn't say.
    let nextUpdate: Date

    /// - Throws: ``CertificateTrustError`` unless the bytes are exactly one list.
    init(parsing der: [UInt8]) throws {
        guard (1...Self.bytesMax).contains(der.count) else { throw CertificateTrustError("a revocation list is empty or too long") }
        let parsed: OpaquePointer? = der.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return nil }
            var cursor: UnsafePointer<UInt8>? = start
            guard let list = d2i_X509_CRL(nil, &cursor, bytes.count) else { return nil }
            guard cursor == start + bytes.count else {
                X509_CRL_free(list)
                return nil
            }
            return list
        }
        guard let parsed else {
            ERR_clear_error()
            throw CertificateTrustError("a revocation list can not be read")
        }
        pointer = parsed
        nextUpdate = CertificateFields.date(X509_CRL_get0_nextUpdate(parsed)) ?? .distantFuture
    }

    deinit { X509_CRL_free(pointer) }

    /// By name; the signature is verified when the list is used.
    func isIssued(by authority: CertificateHandle) -> Bool {
        X509_NAME_cmp(X509_CRL_get_issuer(pointer), X509_get_subject_name(authority.pointer)) == 0
    }
}
