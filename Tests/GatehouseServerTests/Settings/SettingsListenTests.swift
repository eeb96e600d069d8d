import HTTPTypes
import Testing
import Web

@testable import GatehouseServer

@Suite struct SettingsListenTests {
    private let files = "certificate: /c.pem, private_key: /k.pem"

    @Test func `without TLS settings the listener is plain, and nobody is asked for a certificate`() throws {
        let settings = try GatehouseSettings.parse("")
        #expect(settings.listen.tls == nil)
        #expect(settings.listen.versionMin == .tls13)
        #expect(settings.listen.mutualTLS.port == nil)
        #expect(settings.mutualTLSURL == nil)
        #expect(settings.proxies.trust == nil)
    }

    @Test func `a certificate makes the local issuer https`() throws {
        let settings = try GatehouseSettings.parse("listen: { port: 8443, tls: { \(files) } }")
        #expect(settings.issuer == "https://localhost:8443")
        #expect(settings.listen.tls == TLSFiles(certificate: "/c.pem", privateKey: "/k.pem"))
        #expect(problems("issuer: http://localhost:8443\nlisten: { tls: { \(files) } }").map(\.path) == ["issuer"])
    }

    @Test func `certificate and key come from variables as well`() throws {
        let settings = try GatehouseSettings.load(
            file: nil,
            environment: [
                "GATEHOUSE_LISTEN_TLS_CERTIFICATE": "/c", "GATEHOUSE_LISTEN_TLS_PRIVATE_KEY": "/k",
                "GATEHOUSE_LISTEN_TLS_VERSION_MIN": "1.2",
                "GATEHOUSE_LISTEN_MUTUAL_TLS_PORT": "8444",
            ])
        #expect(settings.listen.tls == TLSFiles(certificate: "/c", privateKey: "/k"))
        #expect(settings.listen.versionMin == .tls12)
        #expect(settings.mutualTLSURL == "https://localhost:8444")
        #expect(settings.listen.mutualTLS.files == settings.listen.tls)
    }

    @Test func `certificate and key need each other`() {
        #expect(problems("listen: { tls: { certificate: /c } }").map(\.path) == ["listen.tls.private_key"])
        #expect(problems("listen: { tls: { private_key: /k } }").map(\.path) == ["listen.tls.certificate"])
        #expect(
            problems("listen: { tls: { \(files) }, mutual_tls: { port: 1, private_key: /k } }").map(\.path)
                == ["listen.mutual_tls.certificate"])
        #expect(problems("listen: { tls: { version_min: 1.1 } }").map(\.path) == ["listen.tls.version_min"])
    }

    @Test func `the second port needs a certificate, a port of its own, and outside local mode an address`() {
        #expect(problems("listen: { mutual_tls: { port: 8444 } }").map(\.path) == ["listen.mutual_tls.port"])
        #expect(problems("listen: { port: 8444, tls: { \(files) }, mutual_tls: { port: 8444 } }").map(\.path) == ["listen.mutual_tls.port"])
        #expect(problems("listen: { mutual_tls: { address: 0.0.0.0 } }").map(\.path) == ["listen.mutual_tls.address"])
        let listen = "listen: { tls: { \(files) }, mutual_tls: { port: 8444 } }"
        #expect(problems(listen).isEmpty)
        #expect(problems(production + listen, environment: productionEnvironment).map(\.path) == ["listen.mutual_tls.url"])
        for url in ["http://id.example.com:8444", "https://id.example.com:8444/", "https://id.example.com/x", "id.example.com"] {
            #expect(problems("listen: { mutual_tls: { url: '\(url)' } }").map(\.path) == ["listen.mutual_tls.url"], "\(url)")
        }
    }

    @Test func `proxies are networks with the fields that they write`() throws {
        let settings = try GatehouseSettings.parse(
            """
            proxies:
              networks: [10.0.0.0/8, "fd00::/8", 192.0.2.7]
              client_address: forwarded
              client_certificate: escaped_pem
              certificate_header: X-SSL-Cert
            """)
        #expect(settings.proxies.networks.map(\.description) == ["10.0.0.0/8", "fd00::/8", "192.0.2.7/32"])
        #expect(settings.proxies.addressField == .forwarded)
        #expect(settings.proxies.certificateField == .escapedPEM)
        #expect(settings.proxies.certificateHeader.canonicalName == "x-ssl-cert")
        #expect(settings.proxies.trust != nil)
    }

    @Test(arguments: [
        ("{ networks: [0.0.0.0/0] }", "proxies.networks[0]"), ("{ networks: ['::/0'] }", "proxies.networks[0]"),
        ("{ networks: [10.0.0.1/8] }", "proxies.networks[0]"), ("{ networks: [example.org] }", "proxies.networks[0]"),
        ("{ client_certificate: xfcc }", "proxies.client_certificate"), ("{ client_address: x_real_ip }", "proxies.client_address"),
        ("{ networks: [10.0.0.1], certificate_header: X-Y }", "proxies.certificate_header"),
        ("{ networks: [10.0.0.1], client_certificate: escaped_pem, certificate_header: 'a b' }", "proxies.certificate_header"),
    ])
    func `trust without limits or sense is refused`(section: String, path: String) {
        #expect(problems("proxies: " + section).map(\.path) == [path])
    }
}
