import OAuthProtocol

/// For whom a provider's word is taken.
extension FederationProvider {
    /// The tenant that the issuer names, where it depends on tenants: a GUID, `common`, `organizations`, `consumers`.
    var tenant: String? {
        guard let issuer, let parts = issuerTemplate?.split(separator: "{tenantid}", omittingEmptySubsequences: false), parts.count == 2,
            issuer.hasPrefix(parts[0]), issuer.hasSuffix(parts[1])
        else { return nil }
        return String(issuer.dropFirst(parts[0].count).dropLast(parts[1].count))
    }

    /// Whether anybody's tenant may answer. An address there is what some administrator typed ("nOAuth"), so no domain is this provider's.
    package var hasManyTenants: Bool { issuerTemplate != nil && !(tenant.map(Self.isTenant) ?? false) }

    /// Whether the settings take its word for the addresses of a domain.
    func speaks(for domain: String) -> Bool { !hasManyTenants && trustedDomains.contains(domain) }

    /// Whether identities of this issuer can sign in with it as it is now.
    func answers(for issuer: String) -> Bool {
        guard let template = issuerTemplate else { return issuer == self.issuer ?? (kind == .oauth ? tokenEndpoint : nil) }
        guard hasManyTenants else { return issuer == self.issuer }
        let parts = template.split(separator: "{tenantid}", omittingEmptySubsequences: false)
        return parts.count == 2 && issuer.hasPrefix(parts[0]) && issuer.hasSuffix(parts[1])
    }

    /// A GUID; `common`, `organizations`, `consumers` and domains are none.
    static func isTenant(_ text: String) -> Bool {
        text.utf8.count == 36 && text.utf8.allSatisfy { FormEncoding.hexValue($0) != nil || $0 == UInt8(ascii: "-") }
    }
}
