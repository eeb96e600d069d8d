import Gateway
import OAuthProtocol
import Web

/// `gateway`: which proxies may ask the door, and what it asks of the requests that they hold.
package struct GatewaySettings: Sendable {
    package var door = ForwardAuthSettings()

    init(_ section: SettingsSection, _ context: DeclarationContext) {
        door.proxies = section.scalars("proxies", .proxyNetwork)
        if door.proxies.isEmpty, context.local { door.proxies = ["127.0.0.0/8", "::1/128"].compactMap(AddressNetwork.init(parsing:)) }
        // Revoked grants are remembered for as long.
        door.sessionLifetime = section.read("session", .duration(.minutes(1) ... .hours(24)), default: door.sessionLifetime)
        let scopes = section.scalars("session_scopes", .scopeToken)
        for scope in scopes {
            if !context.scopes.contains(scope) {
                section.refuse(
                    "session_scopes", "no resource declares \(scope)" + SettingsSuggestion.ending(for: scope, among: context.scopes))
            } else if ["offline_access", "introspect", "keys", "keys:admin"].contains(scope) {
                section.refuse("session_scopes", "\(scope) is nothing for a browser's session")
            }
        }
        if !scopes.isEmpty { door.sessionScopes = ScopeSet(scopes) }
        door.certificates = Self.certificates(section)
        var rules: [ForwardAuthRule] = []
        door.rules = section.list("rules", countMax: 1_000) { section in
            guard let rule = GatewayRuleForm(section, context).rule else { return nil }
            if let index = rules.firstIndex(where: { $0.place.covers(rule.place) }) {
                section.refuse("is never reached: rules[\(index)] matches first")
            }
            rules.append(rule)
            return rule
        }
        if !door.rules.isEmpty, door.proxies.isEmpty {
            section.refuse("proxies", "is required outside local mode: the addresses of the proxies that ask")
        }
    }

    private static func certificates(_ section: SettingsSection) -> ProxyCertificateSource {
        let field: ProxyTrust.CertificateField = section.read("client_certificate", .word, default: .none)
        let name = section.find("certificate_header", .fieldName)
        if field != .escapedPEM, section.isSet("certificate_header") {
            section.refuse("certificate_header", "has no meaning unless client_certificate is escaped_pem")
        }
        return ProxyCertificateSource(field, escapedPEMName: name ?? .xClientCert)
    }
}

extension SettingsScalar where Value == AddressNetwork {
    static var proxyNetwork: Self {
        Self(
            parse: { text throws(SettingsRefusal) in
                guard let network = AddressNetwork(parsing: text), !text.hasSuffix("/0") else {
                    throw SettingsRefusal(
                        "must be an address or a network such as 10.0.0.0/8, without bits behind the prefix, and not all addresses")
                }
                return network
            }, print: { SettingsOutline.quoted($0.description) })
    }
}
