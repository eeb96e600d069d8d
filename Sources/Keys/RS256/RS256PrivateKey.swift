import COpenSSL
import OAuthProtocol

/// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3) by libcrypto, twice as fast here as what the Swift packages carry.
final class RS256PrivateKey: SigningPrivateKey {
    /// RFC 7518 §3.3 asks for 2,048 or more.
    static let modulusBitsDefault = 2_048

    let publicKey: JWK.Material
    let signatureByteCount: Int

    /// Owned by this object and never changed after init; libcrypto counts references atomically and lets any number of threads sign
    /// with one `EVP_PKEY` (openssl-threads(7)).
    nonisolated(unsafe) private let key: OpaquePointer
    /// A context that is ready to sign, only ever read: copying it costs 0.3 µs, where initialising a new one looks the algorithms up
    /// among the providers for 3 µs, under a lock that all threads share.
    nonisolated(unsafe) private let template: OpaquePointer

    /// Takes ownership of `key`.
    private init(adopting key: OpaquePointer) throws {
        self.key = key
        guard let template = EVP_MD_CTX_new() else {
            EVP_PKEY_free(key)
            throw SigningError.libcrypto(step: "allocate a context")
        }
        self.template = template
        signatureByteCount = Int(EVP_PKEY_get_size(key))
        // From here on a throw runs deinit only once every property is set.
        do {
            guard EVP_DigestSignInit_ex(template, nil, "SHA2-256", nil, nil, key, nil) == 1 else {
                throw SigningError.libcrypto(step: "prepare signing")
            }
            publicKey = .rsa(modulus: try Self.number("n", of: key), exponent: try Self.number("e", of: key))
        } catch {
            EVP_MD_CTX_free(template)
            EVP_PKEY_free(key)
            throw error
        }
    }

    deinit {
        EVP_MD_CTX_free(template)
        EVP_PKEY_free(key)
    }

    static func generate() throws -> RS256PrivateKey {
        try generate(modulusBits: modulusBitsDefault)
    }

    static func generate(modulusBits: Int) throws -> RS256PrivateKey {
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) else {
            throw SigningError.libcrypto(step: "find RSA")
        }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(modulusBits)) == 1,
            EVP_PKEY_generate(context, &key) == 1, let key
        else { throw SigningError.libcrypto(step: "generate an RSA key") }
        return try RS256PrivateKey(adopting: key)
    }

    /// - Parameter stored: PKCS#8 (RFC 5208) in DER.
    convenience init(stored: [UInt8]) throws {
        let key: OpaquePointer? = stored.withUnsafeBufferPointer { bytes in
            var cursor = bytes.baseAddress
            return d2i_AutoPrivateKey(nil, &cursor, bytes.count)
        }
        guard let key else {
            ERR_clear_error()
            throw SigningError.malformedKey(.rs256)
        }
        guard EVP_PKEY_is_a(key, "RSA") == 1, EVP_PKEY_get_bits(key) >= 2_048 else {
            EVP_PKEY_free(key)
            throw SigningError.malformedKey(.rs256)
        }
        try self.init(adopting: key)
    }

    var stored: [UInt8] {
        get throws {
            guard let info = EVP_PKEY2PKCS8(key) else { throw SigningError.libcrypto(step: "write PKCS#8") }
            defer { PKCS8_PRIV_KEY_INFO_free(info) }
            var out: UnsafeMutablePointer<UInt8>?
            let count = Int(i2d_PKCS8_PRIV_KEY_INFO(info, &out))
            guard count > 0, let out else { throw SigningError.libcrypto(step: "write PKCS#8") }
            defer { CRYPTO_clear_free(out, count, #fileID, #line) }
            return Array(UnsafeBufferPointer(start: out, count: count))
        }
    }

    func sign(_ message: UnsafeRawBufferPointer, into signature: UnsafeMutableRawBufferPointer) throws {
        guard let context = EVP_MD_CTX_new() else { throw SigningError.libcrypto(step: "allocate a context") }
        defer { EVP_MD_CTX_free(context) }
        var count = signature.count
        guard EVP_MD_CTX_copy_ex(context, template) == 1,
            EVP_DigestSign(
                context, signature.baseAddress?.assumingMemoryBound(to: UInt8.self), &count,
                message.baseAddress?.assumingMemoryBound(to: UInt8.self), message.count) == 1,
            count == signature.count
        else {
            ERR_clear_error()
            throw SigningError.libcrypto(step: "sign")
        }
    }

    /// A public number of the key, big-endian without leading zeros (RFC 7518 §6.3.1).
    private static func number(_ name: String, of key: OpaquePointer) throws -> [UInt8] {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(key, name, &number) == 1, let number else {
            throw SigningError.libcrypto(step: "read the public key")
        }
        defer { BN_free(number) }
        return [UInt8](unsafeUninitializedCapacity: Int(BN_num_bits(number) + 7) / 8) { buffer, count in
            count = Int(BN_bn2bin(number, buffer.baseAddress))
        }
    }
}
