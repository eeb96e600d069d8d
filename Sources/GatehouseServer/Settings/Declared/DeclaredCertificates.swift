import Credentials
import OAuthProtocol

/// What a declared client's certificate has to do with it (RFC 8705), under the names that its metadata has in the RFC.
package struct DeclaredCertificates: Sendable {
    /// With `tls_client_auth`.
    package var name: CertificateNameRule?
    /// With `tls_client_auth`: who may vouch for it; empty: every authority that is trusted.
    package var authorities: [CertificateAuthorityName] = []
    /// With `self_signed_tls_client_auth`: X.509 in DER.
    package var certificates: [[UInt8]] = []
    package var isBound = false
    /// Bound to a DPoP key instead.
    package var isDPoPBound = false

    static func read(_ section: SettingsSection) -> DeclaredCertificates {
        var declared = DeclaredCertificates()
        for member in CertificateNameRule.Member.allCases {
            guard let rule = section.find(member.rawValue, .certificateName(member)) else { continue }
            if declared.name != nil { section.refuse(member.rawValue, "is one name of the certificate too many") }
            declared.name = rule
        }
        declared.certificates = section.scalars("certificates", .certificate, countMax: RegisteredCertificates.countMax)
        declared.authorities = section.scalars("tls_client_auth_authorities", .certificateAuthority, countMax: 20)
        declared.isBound = section.read("tls_client_certificate_bound_access_tokens", .bool, default: false)
        declared.isDPoPBound = section.read("dpop_bound_access_tokens", .bool, default: false)
        if declared.isBound, declared.isDPoPBound {
            section.refuse(
                "dpop_bound_access_tokens", "goes without tls_client_certificate_bound_access_tokens: tokens are bound to one thing")
        }
        return declared
    }

    /// What goes with the way in which the client authenticates.
    func judge(_ authentication: DeclaredClient.Authentication, _ section: SettingsSection) {
        let isNamed = CertificateNameRule.Member.allCases.first { section.isSet($0.rawValue) }
        if authentication == .tlsClientAuth, isNamed == nil {
            section.refuse("authentication", "tls_client_auth needs tls_client_auth_subject_dn or one of tls_client_auth_san_*")
        } else if let isNamed, authentication != .tlsClientAuth {
            section.refuse(isNamed.rawValue, "goes with authentication tls_client_auth only")
        }
        if authentication != .tlsClientAuth, section.isSet("tls_client_auth_authorities") {
            section.refuse("tls_client_auth_authorities", "goes with authentication tls_client_auth only")
        }
        if authentication == .selfSignedTLSClientAuth, !section.isSet("certificates") {
            section.refuse("authentication", "self_signed_tls_client_auth needs certificates")
        } else if authentication != .selfSignedTLSClientAuth, section.isSet("certificates") {
            section.refuse("certificates", "goes with authentication self_signed_tls_client_auth only")
        }
    }

    /// The members of the client's metadata.
    /// - Throws: `invalid_client_metadata` for a key of a kind that can't be registered.
    func metadata() throws -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        if let name { members[name.member.rawValue] = .string(name.text) }
        if !authorities.isEmpty { members["tls_client_auth_authorities"] = .strings(authorities.map(\.description)) }
        if isDPoPBound { members["dpop_bound_access_tokens"] = true }
        if isBound { members["tls_client_certificate_bound_access_tokens"] = true }
        guard !certificates.isEmpty else { return members }
        let keys = try certificates.map { der in
            guard let material = try ClientCertificate(parsing: der).publicKey, var key = JWK(material).json.object else {
                throw OAuthError.invalidClientMetadata("certificates: only keys of P-256 and RSA are supported")
            }
            key["x5c"] = .strings([Base64.encode(der)])
            return JSONValue.object(key)
        }
        members["jwks"] = .object(["keys": .array(keys)])
        return members
    }
}

extension SettingsScalar where Value == CertificateNameRule {
    static func certificateName(_ member: CertificateNameRule.Member) -> Self {
        let kind = SettingsScalar<String>.text(bytesMax: DistinguishedName.bytesMax)
        return Self(
            parse: { text throws(SettingsRefusal) in
                let text = try kind.parse(text)
                do { return try CertificateNameRule(member, text) } catch {
                    throw SettingsRefusal(
                        member == .subjectDN ? "must be a distinguished name such as CN=billing,O=Example" : "is no such name")
                }
            }, print: { kind.print($0.text) })
    }
}

extension SettingsScalar where Value == CertificateAuthorityName {
    static var certificateAuthority: Self {
        Self(
            parse: { text throws(SettingsRefusal) in
                guard let name = CertificateAuthorityName(parsing: text) else {
                    throw SettingsRefusal("must be local, or the SHA-256 of an authority's certificate in hexadecimal")
                }
                return name
            }, print: { SettingsOutline.quoted($0.description) })
    }
}

extension SettingsScalar where Value == [UInt8] {
    /// One certificate in PEM.
    static var certificate: Self {
        let kind = SettingsScalar<String>.text(bytesMax: 16_384)
        return Self(
            parse: { text throws(SettingsRefusal) in
                let blocks = CertificatePEM.decode(Array(try kind.parse(text).utf8), labels: ["CERTIFICATE"])
                guard let blocks, blocks.count == 1, let certificate = try? ClientCertificate(parsing: blocks[0]) else {
                    throw SettingsRefusal("must be one certificate in PEM: -----BEGIN CERTIFICATE----- …")
                }
                guard certificate.publicKey != nil else { throw SettingsRefusal("must be a certificate of a P-256 or RSA key") }
                return blocks[0]
            }, print: { SettingsOutline.quoted(CertificatePEM.encode($0, label: "CERTIFICATE")) })
    }
}
