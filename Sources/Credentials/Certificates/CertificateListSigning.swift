import COpenSSL
import FoundationEssentials
import Runtime

/// Makes the revocation list of our own authority (RFC 5280 §5), by libcrypto.
enum CertificateListSigning {
    /// How long a list holds. It is renewed when half of that is over.
    static let lifetime: Duration = .hours(24)

    /// - Parameters:
    ///   - authority: its certificate, in DER.
    ///   - privateKey: PKCS#8 in DER.
    ///   - number: greater than that of any list before (§5.2.3).
    /// - Returns: the signed list in DER.
    /// - Throws: ``CertificateIssuanceError``.
    static func sign(
        _ revoked: [IssuedCertificate], authority: [UInt8], privateKey: [UInt8], number: Int, now: Date, nextUpdate: Date
    ) throws -> [UInt8] {
        let issuer = try CertificateHandle(parsing: authority)
        let parsed: OpaquePointer? = privateKey.withUnsafeBufferPointer { bytes in
            var cursor = bytes.baseAddress
            return d2i_AutoPrivateKey(nil, &cursor, bytes.count)
        }
        guard let key = parsed else { throw CertificateIssuanceError("the authority's private key can not be read") }
        defer { EVP_PKEY_free(key) }
        guard let list = X509_CRL_new() else { throw failure("allocate a list") }
        defer { X509_CRL_free(list) }
        guard X509_CRL_set_version(list, 1) == 1, X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer.pointer)) == 1 else {
            throw failure("begin a list")
        }
        try withTime(now) { time in guard X509_CRL_set1_lastUpdate(list, time) == 1 else { throw failure("set thisUpdate") } }
        try withTime(nextUpdate) { time in guard X509_CRL_set1_nextUpdate(list, time) == 1 else { throw failure("set nextUpdate") } }
        for certificate in revoked { try add(certificate, to: list) }
        try addExtensions(to: list, issuer: issuer, number: number)
        guard X509_CRL_sort(list) == 1, X509_CRL_sign(list, key, EVP_sha256()) > 0 else { throw failure("sign the list") }
        var out: UnsafeMutablePointer<UInt8>?
        let count = Int(i2d_X509_CRL(list, &out))
        guard count > 0, let out else { throw failure("write the list") }
        defer { CRYPTO_free(out, #fileID, #line) }
        return Array(UnsafeBufferPointer(start: out, count: count))
    }

    private static func add(_ certificate: IssuedCertificate, to list: OpaquePointer) throws {
        guard let entry = X509_REVOKED_new() else { throw failure("allocate an entry") }
        do {
            var number: OpaquePointer?
            guard BN_hex2bn(&number, certificate.serial) > 0, let number else { throw failure("read a serial number") }
            defer { BN_free(number) }
            guard let serial = BN_to_ASN1_INTEGER(number, nil) else { throw failure("write a serial number") }
            defer { ASN1_INTEGER_free(serial) }
            guard X509_REVOKED_set_serialNumber(entry, serial) == 1 else { throw failure("set a serial number") }
            try withTime(certificate.revokedAt ?? certificate.createdAt) { time in
                guard X509_REVOKED_set_revocationDate(entry, time) == 1 else { throw failure("set a revocation date") }
            }
            // §5.3.1: "the reason code CRL entry extension SHOULD be absent instead of using the unspecified (0) reasonCode value".
            if let reason = certificate.revokedReason, reason != .unspecified {
                guard let code = ASN1_ENUMERATED_new() else { throw failure("allocate a reason") }
                defer { ASN1_ENUMERATED_free(code) }
                guard ASN1_ENUMERATED_set(code, reason.code) == 1, X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, code, 0, 0) == 1 else {
                    throw failure("set a reason")
                }
            }
            guard X509_CRL_add0_revoked(list, entry) == 1 else { throw failure("add an entry") }
        } catch {
            X509_REVOKED_free(entry)
            throw error
        }
    }

    private static func addExtensions(to list: OpaquePointer, issuer: CertificateHandle, number: Int) throws {
        guard let value = ASN1_INTEGER_new() else { throw failure("allocate a number") }
        defer { ASN1_INTEGER_free(value) }
        guard ASN1_INTEGER_set_uint64(value, UInt64(max(1, number))) == 1, X509_CRL_add1_ext_i2d(list, NID_crl_number, value, 0, 0) == 1
        else { throw failure("set the number") }
        // §5.2.1: "Conforming CRL issuers MUST use the key identifier method".
        guard let keyID = X509_get0_subject_key_id(issuer.pointer), let copy = ASN1_STRING_dup(keyID),
            let identifier = AUTHORITY_KEYID_new()
        else { throw failure("find the authority's key identifier") }
        // Owns the copy from here on.
        identifier.pointee.keyid = copy
        defer { AUTHORITY_KEYID_free(identifier) }
        guard X509_CRL_add1_ext_i2d(list, NID_authority_key_identifier, identifier, 0, 0) == 1 else {
            throw failure("set the authority's key identifier")
        }
    }

    private static func withTime(_ date: Date, _ body: (UnsafeMutablePointer<ASN1_TIME>) throws -> Void) throws {
        guard let time = ASN1_TIME_set(nil, Int(date.timeIntervalSince1970.rounded(.down))) else { throw failure("write a time") }
        defer { ASN1_TIME_free(time) }
        try body(time)
    }

    private static func failure(_ step: String) -> CertificateIssuanceError {
        ERR_clear_error()
        return CertificateIssuanceError("libcrypto could not \(step)")
    }
}
