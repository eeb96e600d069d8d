import COpenSSL
import FoundationEssentials
import OAuthProtocol

/// A certificate that somebody holds the key of, as it was read. Nothing in it has been judged.
package struct ClientCertificate: Sendable {
    package let thumbprint: CertificateThumbprint
    /// In lower-case hexadecimal.
    package let serial: String
    package let subject: DistinguishedName
    /// Every name that it gives its holder, the subject first.
    package let names: Set<CertificateName>
    package let notBefore: Date
    /// The last second in which it holds (RFC 5280 §4.1.2.5).
    package let notAfter: Date
    /// Of the kinds that clients can register; nil for others.
    package let publicKey: JWK.Material?

    /// - Throws: `malformed`.
    package init(parsing der: [UInt8]) throws(CertificateRefusal) {
        try self.init(try CertificateHandle(parsing: der), der: der)
    }

    init(_ handle: CertificateHandle, der: [UInt8]) throws(CertificateRefusal) {
        guard let name = X509_get_subject_name(handle.pointer),
            let notBefore = CertificateFields.date(X509_get0_notBefore(handle.pointer)),
            let notAfter = CertificateFields.date(X509_get0_notAfter(handle.pointer))
        else { throw .malformed }
        thumbprint = CertificateThumbprint(of: der)
        serial = handle.serial
        subject = CertificateFields.name(name)
        var names = Set(CertificateFields.alternativeNames(of: handle.pointer))
        if !subject.isEmpty { names.insert(.subject(subject)) }
        self.names = names
        self.notBefore = notBefore
        self.notAfter = notAfter
        publicKey = CertificateFields.publicKey(of: handle.pointer)
    }

    /// Judges a certificate that its holder signed for itself and registered (RFC 8705 §2.2): no authority vouches for it, so what is
    /// left are its own times, its purpose and its key.
    package static func judgeSelfSigned(_ der: [UInt8], now: Date) throws(CertificateRefusal) -> ClientCertificate {
        let handle = try CertificateHandle(parsing: der)
        let certificate = try ClientCertificate(handle, der: der)
        guard certificate.notBefore <= now else { throw .notYetValid }
        guard now < certificate.notAfter.addingTimeInterval(1) else { throw .expired }
        guard handle.isStrong else { throw .weakKey }
        guard handle.mayMakeSignatures, handle.mayBeClient else { throw .wrongPurpose }
        return certificate
    }
}
