import COpenSSL
import FoundationEssentials
import OAuthProtocol

/// The authorities that this server trusts to name clients, and what they have revoked. Never changes: who learns of a new list makes another.
///
/// libcrypto builds and judges the chain (RFC 5280 §6) at the time that it is given.
package final class CertificateTrust: Sendable {
    /// A certificate that an authority of ours vouches for.
    package struct Judged: Sendable {
        package let certificate: ClientCertificate
        /// Until then the judgement holds: nothing in the chain expires earlier, and no revocation list that was asked.
        package let validUntil: Date
        /// Who signed it.
        package let issuer: CertificateThumbprint
        /// Everybody on the way to the trusted authority, that one included.
        package let authorities: Set<CertificateThumbprint>
    }

    /// Certificates that a client may send at most, its own included.
    static let chainMax = 10
    /// Authorities between a client's certificate and the trusted one.
    static let depthMax: Int32 = 5
    /// OpenSSL's level 2: 112 bits of security; no SHA-1, no MD5, RSA from 2048.
    static let securityLevel: Int32 = 2

    /// Owned by this object. Filled before it is shared; libcrypto locks what it looks up.
    nonisolated(unsafe) private let store: OpaquePointer
    private let lists: [CertificateRevocationList]
    package let isEmpty: Bool

    /// - Parameters: certificates and revocation lists in DER.
    /// - Throws: ``CertificateTrustError`` naming what can't be used.
    package init(authorities: [[UInt8]], revocationLists: [[UInt8]]) throws {
        guard let store = X509_STORE_new() else { throw CertificateTrustError("out of memory") }
        var lists: [CertificateRevocationList] = []
        do {
            for der in authorities {
                guard let authority = try? CertificateHandle(parsing: der), authority.isAuthority else {
                    throw CertificateTrustError("a trusted certificate can not be read, or is no authority's (basicConstraints)")
                }
                guard authority.isStrong else { throw CertificateTrustError("a trusted authority's key is too weak") }
                guard X509_STORE_add_cert(store, authority.pointer) == 1 else {
                    throw CertificateTrustError("libcrypto takes no authority")
                }
            }
            for der in revocationLists {
                let list = try CertificateRevocationList(parsing: der)
                guard X509_STORE_add_crl(store, list.pointer) == 1 else { throw CertificateTrustError("libcrypto takes no list") }
                lists.append(list)
            }
        } catch {
            X509_STORE_free(store)
            throw error
        }
        self.store = store
        self.lists = lists
        isEmpty = authorities.isEmpty
    }

    deinit { X509_STORE_free(store) }

    /// Judges a certificate as a client's.
    /// - Parameter chain: in DER, the client's own first; the rest in any order.
    package func judge(_ chain: [[UInt8]], now: Date) throws(CertificateRefusal) -> Judged {
        guard let der = chain.first, chain.count <= Self.chainMax else { throw chain.isEmpty ? .missing : .malformed }
        var handles: [CertificateHandle] = []
        for der in chain { handles.append(try CertificateHandle(parsing: der)) }
        let leaf = handles[0]
        guard leaf.isStrong else { throw .weakKey }
        let path = try build(leaf, others: handles.dropFirst(), now: now, purpose: X509_PURPOSE_SSL_CLIENT)
        guard path.count >= 2 else { throw .unknownAuthority }
        guard path.allSatisfy(\.isStrong) else { throw .weakKey }
        // An authority's certificate names an authority; libcrypto would let it pass as a client's.
        guard !leaf.isAuthority, leaf.mayMakeSignatures else { throw .wrongPurpose }
        var validUntil = Date.distantFuture
        for handle in path {
            guard let notAfter = CertificateFields.date(X509_get0_notAfter(handle.pointer)) else { throw .malformed }
            validUntil = min(validUntil, notAfter.addingTimeInterval(1))
        }
        for (handle, issuer) in zip(path, path.dropFirst()) {
            if let nextUpdate = try checkRevocation(of: handle, issuer: issuer, path, now: now) { validUntil = min(validUntil, nextUpdate) }
        }
        return Judged(
            certificate: try ClientCertificate(leaf, der: der), validUntil: validUntil, issuer: CertificateThumbprint(of: path[1].der),
            authorities: Set(path.dropFirst().map { CertificateThumbprint(of: $0.der) }))
    }

    /// An authority that publishes a list here is asked; one that doesn't is not.
    /// - Returns: when the list is outdated, where there is one.
    private func checkRevocation(
        of handle: CertificateHandle, issuer: CertificateHandle, _ path: [CertificateHandle], now: Date
    ) throws(CertificateRefusal) -> Date? {
        let concerned = lists.filter { $0.isIssued(by: issuer) }
        guard !concerned.isEmpty else { return nil }
        _ = try build(handle, others: path[...], now: now, purpose: nil)
        // The last of them to expire is the one that counts.
        return concerned.map(\.nextUpdate).max()
    }

    /// - Parameter purpose: nil asks for the revocation of the one certificate instead.
    /// - Returns: the path, from the certificate to an authority that is trusted.
    private func build(
        _ leaf: CertificateHandle, others: ArraySlice<CertificateHandle>, now: Date, purpose: Int32?
    ) throws(CertificateRefusal) -> [CertificateHandle] {
        guard let context = X509_STORE_CTX_new(), let stack = OPENSSL_sk_new_null() else { throw .malformed }
        // The stack only borrows.
        defer {
            X509_STORE_CTX_free(context)
            OPENSSL_sk_free(stack)
            ERR_clear_error()
        }
        for handle in others { OPENSSL_sk_push(stack, UnsafeRawPointer(handle.pointer)) }
        guard X509_STORE_CTX_init(context, store, leaf.pointer, stack) == 1, let parameters = X509_STORE_CTX_get0_param(context) else {
            throw .malformed
        }
        X509_VERIFY_PARAM_set_time(parameters, Int(now.timeIntervalSince1970.rounded(.down)))
        X509_VERIFY_PARAM_set_depth(parameters, Self.depthMax)
        X509_VERIFY_PARAM_set_auth_level(parameters, Self.securityLevel)
        // An operator may trust an authority without trusting the one above it.
        var flags = UInt(X509_V_FLAG_PARTIAL_CHAIN)
        if let purpose {
            guard X509_VERIFY_PARAM_set_purpose(parameters, purpose) == 1 else { throw .malformed }
        } else {
            flags |= UInt(X509_V_FLAG_CRL_CHECK)
        }
        X509_VERIFY_PARAM_set_flags(parameters, flags)
        let isGood = X509_verify_cert(context) == 1
        let error = X509_STORE_CTX_get_error(context)
        guard isGood, error == X509_V_OK else { throw CertificateRefusal(libcrypto: error) }
        guard let chain = X509_STORE_CTX_get0_chain(context) else { throw .malformed }
        return (0..<OPENSSL_sk_num(chain)).compactMap { index in
            OPENSSL_sk_value(chain, index).map { CertificateHandle(sharing: OpaquePointer($0)) }
        }
    }
}

/// What the operator named as an authority or as a revocation list, and is none.
package struct CertificateTrustError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension CertificateRefusal {
    /// X509_STORE_CTX_get_error(3)
    fileprivate init(libcrypto error: Int32) {
        switch error {
        case X509_V_ERR_CERT_HAS_EXPIRED: self = .expired
        case X509_V_ERR_CERT_NOT_YET_VALID: self = .notYetValid
        case X509_V_ERR_INVALID_PURPOSE: self = .wrongPurpose
        case X509_V_ERR_CERT_REVOKED: self = .revoked
        case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK: self = .weakKey
        case X509_V_ERR_CRL_HAS_EXPIRED: self = .crlExpired
        case X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, X509_V_ERR_CRL_SIGNATURE_FAILURE,
            X509_V_ERR_CRL_NOT_YET_VALID, X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD,
            X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION,
            X509_V_ERR_DIFFERENT_CRL_SCOPE, X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
            self = .crlUnusable
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_UNTRUSTED,
            X509_V_ERR_CERT_REJECTED, X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
            self = .unknownAuthority
        default: self = .brokenChain
        }
    }
}
