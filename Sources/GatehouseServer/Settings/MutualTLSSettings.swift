import Web

/// `listen.mutual_tls`: a second port, where clients are asked for a certificate, so that browsers on the first never are.
package struct MutualTLSSettings: Sendable {
    /// Whether there is such a port.
    package var port: Int?
    package var address: String
    /// nil only where there is no such port.
    package var files: TLSFiles?
    /// Its public address, for `mtls_endpoint_aliases` (RFC 8705 §5): no trailing slash.
    package var url: String?

    /// - Parameters:
    ///   - address: The first port's, as `firstPort` and `files` are: the defaults.
    init(_ section: SettingsSection, local: Bool, address: String, port firstPort: Int, files: TLSFiles?) {
        port = section.find("port", .int(0...65_535))
        self.address = section.find("address", .text()) ?? address
        self.files = ListenSettings.files(section) ?? files
        url = section.find("url", .webOrigin)
        guard let port else {
            for key in ["address", "certificate", "private_key"] where section.isSet(key) {
                section.refuse(key, "has no meaning without listen.mutual_tls.port")
            }
            return
        }
        if !local, !section.isSet("url") {
            section.refuse("url", "is required outside local mode: where clients reach this port, such as https://id.example.com:8444")
        }
        if port == firstPort, port != 0, self.address == address { section.refuse("port", "must differ from listen.port") }
        if self.files == nil, !section.isSet("certificate"), !section.isSet("private_key") {
            section.refuse("port", "needs a certificate: set listen.tls, or certificate and private_key here")
        }
    }
}
