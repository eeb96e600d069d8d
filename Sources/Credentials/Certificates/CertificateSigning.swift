import Crypto
import FoundationEssentials
import OAuthProtocol
import Runtime
import SwiftASN1
import X509

/// Our own authority with its key at hand: makes itself, and certificates for others.
struct CertificateSigning: Sendable {
    /// What stands in a certificate besides the holder's key.
    struct Contents: Sendable {
        let purpose: IssuedCertificate.Purpose
        let commonName: String
        let names: [CertificateName]
        let notBefore: Date
        let notAfter: Date
        /// Where the revocation list is published.
        let listURL: String
    }

    static let authorityLifetime: Duration = .days(3_652)

    /// In DER.
    let certificate: [UInt8]
    private let key: P256.Signing.PrivateKey
    private let parsed: Certificate

    init(certificate: [UInt8], privateKey: [UInt8]) throws {
        self.certificate = certificate
        key = try P256.Signing.PrivateKey(rawRepresentation: privateKey)
        parsed = try Certificate(derEncoded: certificate)
    }

    /// The secret scalar: 32 bytes.
    var privateKey: [UInt8] { Array(key.rawRepresentation) }

    /// PKCS#8, for libcrypto.
    var encodedPrivateKey: [UInt8] { Array(key.derRepresentation) }

    var notAfter: Date { parsed.notValidAfter }

    /// A new authority: P-256, ten years, nothing below it but end entities.
    /// - Parameter permitted: the DNS names, with those below them, that its certificates may carry; empty: any.
    static func makeAuthority(name: String, permitted: [String], serial: [UInt8], now: Date) throws -> CertificateSigning {
        let key = P256.Signing.PrivateKey()
        let publicKey = Certificate.PublicKey(key.publicKey)
        let subject = try X509.DistinguishedName { CommonName(name) }
        let constraints = permitted.isEmpty ? nil : NameConstraints(permittedDNSDomains: permitted)
        let extensions = try Certificate.Extensions {
            Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
            Critical(KeyUsage(keyCertSign: true, cRLSign: true))
            SubjectKeyIdentifier(hash: publicKey)
            if let constraints { Critical(constraints) }
        }
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(bytes: serial), publicKey: publicKey, notValidBefore: now - .minutes(5),
            notValidAfter: now + authorityLifetime, issuer: subject, subject: subject, extensions: extensions,
            issuerPrivateKey: .init(key))
        return try CertificateSigning(certificate: try encode(certificate), privateKey: Array(key.rawRepresentation))
    }

    /// - Returns: the certificate in DER.
    func sign(_ contents: Contents, publicKey: Certificate.PublicKey, serial: [UInt8]) throws -> [UInt8] {
        let isRSA = publicKey.description.hasPrefix("RSA")
        let authorityKeyID = try parsed.extensions.subjectKeyIdentifier?.keyIdentifier
        let extensions = try Certificate.Extensions {
            Critical(BasicConstraints.notCertificateAuthority)
            // RSA servers of TLS 1.2 may still be sent a key under theirs.
            Critical(KeyUsage(digitalSignature: true, keyEncipherment: isRSA && contents.purpose == .server))
            try ExtendedKeyUsage([contents.purpose == .client ? .clientAuth : .serverAuth])
            SubjectKeyIdentifier(hash: publicKey)
            AuthorityKeyIdentifier(keyIdentifier: authorityKeyID)
            Certificate.Extension(oid: Self.distributionPoints, critical: false, value: Self.distributionPoint(contents.listURL)[...])
            if !contents.names.isEmpty { SubjectAlternativeNames(contents.names.compactMap(Self.generalName)) }
        }
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(bytes: serial), publicKey: publicKey, notValidBefore: contents.notBefore,
            notValidAfter: min(contents.notAfter, notAfter), issuer: parsed.subject,
            subject: try X509.DistinguishedName { CommonName(contents.commonName) }, extensions: extensions,
            issuerPrivateKey: .init(key))
        return try Self.encode(certificate)
    }

    /// The key that a request (PKCS#10) asks a certificate for. Nothing else of it counts.
    /// - Throws: ``CertificateIssuanceError`` when the request isn't signed with that key.
    static func publicKey(ofRequest der: [UInt8]) throws -> Certificate.PublicKey {
        // Weak keys are among those that swift-certificates doesn't know: it reads RSA from 2048 bits, curves from P-256, and Ed25519.
        guard let request = try? CertificateSigningRequest(derEncoded: der) else {
            throw CertificateIssuanceError(
                "the request can not be read, or its key is none of RSA from 2048 bits, P-256, P-384, P-521 and Ed25519")
        }
        guard request.publicKey.isValidSignature(request.signature, for: request) else {
            throw CertificateIssuanceError("the request is not signed with its own key")
        }
        return request.publicKey
    }

    private static func encode(_ certificate: Certificate) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }

    private static func generalName(_ name: CertificateName) -> GeneralName? {
        switch name {
        case .subject: nil
        case .dns(let text): .dnsName(text)
        case .uri(let text): .uniformResourceIdentifier(text)
        case .address(let bytes): .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
        case .email(let text): .rfc822Name(text)
        }
    }

    /// RFC 5280 §4.2.1.13
    private static let distributionPoints: ASN1ObjectIdentifier = [2, 5, 29, 31]

    /// One point with one address: SEQUENCE of SEQUENCE { [0] { [0] { [6] address } } }.
    private static func distributionPoint(_ url: String) -> [UInt8] {
        let tags: [UInt8] = [0x86, 0xA0, 0xA0, 0x30, 0x30]
        var contents = Array(url.utf8)
        for tag in tags {
            let count = contents.count
            let length = count < 128 ? [UInt8(count)] : [0x82, UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF)]
            contents = [tag] + length + contents
        }
        return contents
    }
}
