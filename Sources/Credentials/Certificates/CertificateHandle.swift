import COpenSSL
import OAuthProtocol

/// An X.509 certificate as libcrypto holds it. What is judged and what names are read are the same parse.
final class CertificateHandle: Sendable {
    /// One certificate; a chain of ten of them is the most that is looked at.
    static let bytesMax = 65_536

    /// Owned by this object. Never changed after init, but for what libcrypto caches in it under a lock of its own.
    nonisolated(unsafe) let pointer: OpaquePointer

    /// - Throws: `malformed` unless the bytes are exactly one certificate.
    init(parsing der: [UInt8]) throws(CertificateRefusal) {
        guard (1...Self.bytesMax).contains(der.count) else { throw .malformed }
        let parsed: OpaquePointer? = der.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return nil }
            var cursor: UnsafePointer<UInt8>? = start
            guard let certificate = d2i_X509(nil, &cursor, bytes.count) else { return nil }
            guard cursor == start + bytes.count else {
                X509_free(certificate)
                return nil
            }
            return certificate
        }
        guard let parsed else {
            ERR_clear_error()
            throw .malformed
        }
        pointer = parsed
        // Reads the extensions, and says whether one of them can't be read.
        guard X509_get_extension_flags(parsed) & UInt32(EXFLAG_INVALID) == 0 else { throw .malformed }
    }

    /// Shares a certificate that libcrypto holds.
    init(sharing certificate: OpaquePointer) {
        X509_up_ref(certificate)
        pointer = certificate
    }

    deinit { X509_free(pointer) }

    var der: [UInt8] {
        var out: UnsafeMutablePointer<UInt8>?
        let count = Int(i2d_X509(pointer, &out))
        guard count > 0, let out else { return [] }
        defer { CRYPTO_free(out, #fileID, #line) }
        return Array(UnsafeBufferPointer(start: out, count: count))
    }

    /// RFC 5280 §4.2.1.9
    var isAuthority: Bool { X509_check_ca(pointer) == 1 }

    /// Digital signatures are what a client proves possession with (RFC 5280 §4.2.1.3); without the extension the key is for anything.
    var mayMakeSignatures: Bool { X509_get_key_usage(pointer) & UInt32(KU_DIGITAL_SIGNATURE) != 0 }

    /// Without the extension the key is for anything (RFC 5280 §4.2.1.12).
    var mayBeClient: Bool {
        let usage = X509_get_extended_key_usage(pointer)
        return usage == UInt32.max || usage & UInt32(XKU_SSL_CLIENT) != 0
    }

    /// NIST SP 800-57: RSA from 2048 bits, curves from 256.
    var isStrong: Bool {
        guard let key = X509_get0_pubkey(pointer) else { return false }
        let bits = EVP_PKEY_get_bits(key)
        if EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1 { return (2_048...16_384).contains(bits) }
        if EVP_PKEY_is_a(key, "EC") == 1 { return bits >= 256 }
        return EVP_PKEY_is_a(key, "ED25519") == 1 || EVP_PKEY_is_a(key, "ED448") == 1
    }

    /// Two's complement, big-endian, as in the certificate; in lower-case hexadecimal.
    var serial: String {
        guard let number = X509_get0_serialNumber(pointer) else { return "" }
        return CertificateFields.hexadecimal(CertificateFields.bytes(of: number))
    }
}
