import Crypto
import FoundationEssentials
import OAuthProtocol
import Runtime
import SwiftASN1
import X509

/// A certificate authority of a test's own, as some other organisation has one.
package struct TestAuthority: Sendable {
    /// What differs from an ordinary client's certificate.
    package struct Wish: Sendable {
        package var subject: X509.DistinguishedName
        package var names: [GeneralName] = []
        package var notBefore: Date
        package var notAfter: Date
        package var usages: [ExtendedKeyUsage.Usage]? = [.clientAuth]
        package var keyUsage: KeyUsage? = KeyUsage(digitalSignature: true)
        package var constraints = BasicConstraints.notCertificateAuthority
        package var serial: [UInt8]?
    }

    package struct Holder: Sendable {
        /// In DER.
        package let certificate: [UInt8]
        package let key: P256.Signing.PrivateKey

        package var serial: [UInt8] { (try? Array(Certificate(derEncoded: certificate).serialNumber.bytes)) ?? [] }
    }

    package let holder: Holder
    package var certificate: [UInt8] { holder.certificate }
    package var pem: String { Self.pem(certificate, "CERTIFICATE") }

    private init(holder: Holder) {
        self.holder = holder
    }

    /// Somebody who signs with the key of a certificate that is no authority's.
    package init(signingWith holder: Holder) {
        self.holder = holder
    }

    /// A root.
    package init(_ name: String = "Example authority", now: Date, pathLength: Int? = nil, permittedDNS: [String] = []) throws {
        let key = P256.Signing.PrivateKey()
        let publicKey = Certificate.PublicKey(key.publicKey)
        let subject = try X509.DistinguishedName { CommonName(name) }
        let constraints = permittedDNS.isEmpty ? nil : NameConstraints(permittedDNSDomains: permittedDNS)
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(bytes: Self.serial()), publicKey: publicKey, notValidBefore: now - .days(30),
            notValidAfter: now + .days(3_650), issuer: subject, subject: subject,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: pathLength))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: publicKey)
                if let constraints { Critical(constraints) }
            }, issuerPrivateKey: .init(key))
        holder = Holder(certificate: try Self.der(certificate), key: key)
    }

    /// An authority below this one.
    package func intermediate(_ name: String, now: Date, pathLength: Int? = nil) throws -> TestAuthority {
        TestAuthority(
            holder: try issue(try X509.DistinguishedName { CommonName(name) }, now: now) { wish in
                wish.constraints = .isCertificateAuthority(maxPathLength: pathLength)
                wish.keyUsage = KeyUsage(keyCertSign: true, cRLSign: true)
                wish.usages = nil
                wish.notAfter = now + .days(3_000)
            })
    }

    /// A client's certificate for a common name.
    package func issue(_ commonName: String = "billing", now: Date, change: (inout Wish) -> Void = { _ in }) throws -> Holder {
        try issue(try X509.DistinguishedName { CommonName(commonName) }, now: now, change: change)
    }

    package func issue(_ subject: X509.DistinguishedName, now: Date, change: (inout Wish) -> Void = { _ in }) throws -> Holder {
        var wish = Wish(subject: subject, notBefore: now - .days(1), notAfter: now + .days(30))
        change(&wish)
        let key = P256.Signing.PrivateKey()
        let issuer = try Certificate(derEncoded: certificate)
        return Holder(
            certificate: try Self.sign(
                wish, key: key, issuer: issuer.subject, issuerKey: holder.key,
                keyID: try issuer.extensions.subjectKeyIdentifier?.keyIdentifier),
            key: key)
    }

    /// A certificate that its holder has signed for itself.
    package static func selfSigned(_ commonName: String, now: Date, change: (inout Wish) -> Void = { _ in }) throws -> Holder {
        let subject = try X509.DistinguishedName { CommonName(commonName) }
        var wish = Wish(subject: subject, notBefore: now - .days(1), notAfter: now + .days(30))
        change(&wish)
        let key = P256.Signing.PrivateKey()
        return Holder(certificate: try sign(wish, key: key, issuer: wish.subject, issuerKey: key, keyID: nil), key: key)
    }

    private static func sign(
        _ wish: Wish, key: P256.Signing.PrivateKey, issuer: X509.DistinguishedName, issuerKey: P256.Signing.PrivateKey,
        keyID: ArraySlice<UInt8>?
    ) throws -> [UInt8] {
        let publicKey = Certificate.PublicKey(key.publicKey)
        let usages = try wish.usages.map { try ExtendedKeyUsage($0) }
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(bytes: wish.serial ?? serial()), publicKey: publicKey, notValidBefore: wish.notBefore,
            notValidAfter: wish.notAfter, issuer: issuer, subject: wish.subject,
            extensions: try Certificate.Extensions {
                Critical(wish.constraints)
                if let keyUsage = wish.keyUsage { Critical(keyUsage) }
                if let usages { usages }
                SubjectKeyIdentifier(hash: publicKey)
                if let keyID { AuthorityKeyIdentifier(keyIdentifier: keyID) }
                if !wish.names.isEmpty { SubjectAlternativeNames(wish.names) }
            }, issuerPrivateKey: .init(issuerKey))
        return try der(certificate)
    }

    private static func serial() -> [UInt8] {
        [0x40] + SystemRandomness().bytes(15)
    }

    private static func der(_ certificate: Certificate) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }

    package static func pem(_ der: [UInt8], _ label: String) -> String {
        "-----BEGIN \(label)-----\n\(Base64.encode(der))\n-----END \(label)-----\n"
    }

    /// A certificate request (PKCS#10) in DER.
    package static func request(_ commonName: String, key: P256.Signing.PrivateKey, names: [GeneralName] = []) throws -> [UInt8] {
        let extensions = try Certificate.Extensions { SubjectAlternativeNames(names) }
        let attributes = names.isEmpty ? [] : [try CertificateSigningRequest.Attribute(ExtensionRequest(extensions: extensions))]
        let request = try CertificateSigningRequest(
            version: .v1, subject: try X509.DistinguishedName { CommonName(commonName) }, privateKey: .init(key),
            attributes: .init(attributes))
        var serializer = DER.Serializer()
        try serializer.serialize(request)
        return serializer.serializedBytes
    }
}
