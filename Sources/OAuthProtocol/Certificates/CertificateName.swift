import Glibc

/// One name that a certificate gives its holder, in a form in which equal names are equal values.
package enum CertificateName: Sendable, Hashable {
    case subject(DistinguishedName)
    /// dNSName, exactly as it stands in the certificate.
    case dns(String)
    /// uniformResourceIdentifier, exactly.
    case uri(String)
    /// iPAddress: 4 or 16 bytes.
    case address([UInt8])
    /// rfc822Name, exactly.
    case email(String)

    /// The bytes of an IPv4 or IPv6 address, however it is spelt.
    package static func addressBytes(_ text: String) -> [UInt8]? {
        guard text.utf8.count < Int(INET6_ADDRSTRLEN), !text.utf8.contains(0) else { return nil }
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: &four) { Array($0) } }
        var sixteen = in6_addr()
        guard inet_pton(AF_INET6, text, &sixteen) == 1 else { return nil }
        return withUnsafeBytes(of: &sixteen) { Array($0) }
    }
}

extension CertificateName: CustomStringConvertible {
    /// As the command line takes it: `dns:app.example`.
    package var description: String {
        switch self {
        case .subject: "subject"
        case .dns(let text): "dns:\(text)"
        case .uri(let text): "uri:\(text)"
        case .address(let bytes): "ip:\(Self.addressText(bytes))"
        case .email(let text): "email:\(text)"
        }
    }

    private static func addressText(_ bytes: [UInt8]) -> String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard bytes.count == 4 || bytes.count == 16,
            bytes.withUnsafeBytes({ inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, $0.baseAddress, &buffer, socklen_t(buffer.count)) })
                != nil
        else { return "?" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Reads what `description` writes.
    package init?(parsing text: String) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let member: CertificateNameRule.Member? =
            switch text[..<colon] {
            case "dns": .sanDNS
            case "uri": .sanURI
            case "ip": .sanIP
            case "email": .sanEmail
            default: nil
            }
        guard let member, let rule = try? CertificateNameRule(member, String(text[text.index(after: colon)...])) else { return nil }
        self = rule.name
    }
}
