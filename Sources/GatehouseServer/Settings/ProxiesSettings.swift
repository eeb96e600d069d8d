import HTTPTypes
import Web

/// `proxies`: who may speak for clients, and by which fields.
package struct ProxiesSettings: Sendable {
    package var networks: [AddressNetwork] = []
    package var addressField = ProxyTrust.AddressField.xForwardedFor
    package var certificateField = ProxyTrust.CertificateField.none
    package var certificateHeader = HTTPField.Name.xClientCert

    /// nil where nobody is trusted.
    package var trust: ProxyTrust? {
        guard !networks.isEmpty else { return nil }
        return ProxyTrust(
            networks: networks, addressField: addressField,
            certificates: ProxyCertificateSource(certificateField, escapedPEMName: certificateHeader))
    }

    init(_ section: SettingsSection) {
        networks = section.scalars("networks", .proxyNetwork, countMax: 100)
        addressField = section.read("client_address", .word, default: addressField)
        certificateField = section.read("client_certificate", .word, default: certificateField)
        certificateHeader = section.find("certificate_header", .fieldName) ?? certificateHeader
        if networks.isEmpty, certificateField != .none {
            section.refuse("client_certificate", "has no meaning without networks: anybody could write the field")
        }
        if certificateField != .escapedPEM, section.isSet("certificate_header") {
            section.refuse("certificate_header", "has no meaning unless client_certificate is escaped_pem")
        }
    }
}

extension SettingsScalar where Value == HTTPField.Name {
    static var fieldName: Self {
        Self(
            parse: { text throws(SettingsRefusal) in
                guard text.utf8.count <= 100, !text.hasPrefix(":"), let name = HTTPField.Name(text) else {
                    throw SettingsRefusal("must be the name of an HTTP field")
                }
                return name
            }, print: { SettingsOutline.quoted($0.rawName) })
    }
}
