/// Which name a client's certificate must carry (RFC 8705 §2.1.2): one of five members of its metadata.
package struct CertificateNameRule: Sendable, Equatable {
    package enum Member: String, Sendable, CaseIterable {
        case subjectDN = "tls_client_auth_subject_dn"
        case sanDNS = "tls_client_auth_san_dns"
        case sanURI = "tls_client_auth_san_uri"
        case sanIP = "tls_client_auth_san_ip"
        case sanEmail = "tls_client_auth_san_email"
    }

    package let member: Member
    /// As it was registered.
    package let text: String
    package let name: CertificateName

    /// - Throws: `invalid_client_metadata` where the text can't be such a name.
    package init(_ member: Member, _ text: String) throws(OAuthError) {
        self.member = member
        self.text = text
        guard let name = Self.name(member, text) else {
            throw .invalidClientMetadata("The member \(member.rawValue) \(Self.words(member)).")
        }
        self.name = name
    }

    private static func name(_ member: Member, _ text: String) -> CertificateName? {
        let isVisible = (1...2_048).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        switch member {
        case .subjectDN: return DistinguishedName(parsing: text).map(CertificateName.subject)
        // RFC 6125 §6.4.3 lets a server's certificate speak for many hosts; a client is one.
        case .sanDNS: return isVisible && !text.contains("*") ? .dns(text) : nil
        case .sanURI: return isVisible && text.contains(":") ? .uri(text) : nil
        case .sanIP: return CertificateName.addressBytes(text).map(CertificateName.address)
        case .sanEmail: return isVisible && text.contains("@") ? .email(text) : nil
        }
    }

    private static func words(_ member: Member) -> String {
        switch member {
        case .subjectDN: "is no distinguished name as in RFC 4514"
        case .sanDNS: "is no DNS name without a wildcard"
        case .sanURI: "is no URI"
        case .sanIP: "is no IP address"
        case .sanEmail: "is no e-mail address"
        }
    }
}
