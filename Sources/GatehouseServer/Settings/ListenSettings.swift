import Web

/// `listen`: where HTTP is served, and under which certificate.
package struct ListenSettings: Sendable {
    package var address = "127.0.0.1"
    /// 0 lets the system choose, which only tests want.
    package var port = 8080
    /// nil: plain HTTP, for which a reverse proxy ends TLS.
    package var tls: TLSFiles?
    package var versionMin = TLSVersionMin.tls13
    package var mutualTLS: MutualTLSSettings

    init(_ section: SettingsSection, local: Bool) {
        address = section.read("address", .text(), default: address)
        port = section.read("port", .int(0...65_535), default: port)
        (tls, versionMin) = section.section("tls") { tls in
            (Self.files(tls), tls.read("version_min", .word, default: TLSVersionMin.tls13))
        }
        let (address, port, files) = (address, port, tls)
        mutualTLS = section.section("mutual_tls") {
            MutualTLSSettings($0, local: local, address: address, port: port, files: files)
        }
    }

    /// `certificate` and `private_key`, which need each other.
    static func files(_ section: SettingsSection) -> TLSFiles? {
        let certificate = section.find("certificate", .path)
        let privateKey = section.find("private_key", .path)
        if section.isSet("certificate"), !section.isSet("private_key") {
            section.refuse("private_key", "is required beside certificate: the path of its key in PEM")
        }
        if section.isSet("private_key"), !section.isSet("certificate") {
            section.refuse("certificate", "is required beside private_key: the path of a certificate in PEM")
        }
        guard let certificate, let privateKey else { return nil }
        return TLSFiles(certificate: certificate, privateKey: privateKey)
    }
}
