import Credentials
import FoundationEssentials
import OAuthProtocol
import TestKit
import Testing

@testable import GatehouseServer

@Suite struct SettingsCertificatesTests {
    private static func client(_ lines: String...) -> String {
        "clients:\n  - client_id: billing\n    grant_types: [client_credentials]\n" + lines.map { "    \($0)\n" }.joined()
    }

    private static func certificate() throws -> [UInt8] {
        try TestAuthority.selfSigned("billing", now: ManualClock().now).certificate
    }

    /// As it stands in a file.
    private static func block(_ der: [UInt8]) -> String {
        "certificates: [\"\(CertificatePEM.encode(der, label: "CERTIFICATE").replacing("\n", with: "\\n"))\"]"
    }

    @Test func `a client is declared by a name in its certificate`() throws {
        let settings = try GatehouseSettings.parse(
            Self.client("tls_client_auth_subject_dn: \"CN=billing,O=Example\"", "tls_client_certificate_bound_access_tokens: true"))
        let metadata = try ClientDeclaration(declared: settings.clients[0]).client(now: ManualClock().now).metadata
        #expect(metadata.tokenEndpointAuthMethod == .tlsClientAuth)
        #expect(metadata.certificateName?.text == "CN=billing,O=Example")
        #expect(metadata.isCertificateBound)
    }

    @Test func `a client is declared with the authorities that vouch for it`() throws {
        let digest = String(repeating: "0A", count: 32)
        let pairs = (0..<32).map { _ in "0b" }.joined(separator: ":")
        let settings = try GatehouseSettings.parse(
            Self.client("tls_client_auth_san_dns: a.example", "tls_client_auth_authorities: [local, \(digest), \"\(pairs)\"]"))
        let metadata = try ClientDeclaration(declared: settings.clients[0]).client(now: ManualClock().now).metadata
        let thumbprints = try [10, 11].map { try #require(CertificateThumbprint(stored: [UInt8](repeating: $0, count: 32))) }
        #expect(metadata.certificateAuthorities == [.local] + thumbprints.map(CertificateAuthorityName.thumbprint))
        #expect(try ClientMetadata(registering: metadata.json, policy: .declared) == metadata)
        #expect(throws: Never.self) { try GatehouseSettings.parse(settings.printed()) }
    }

    @Test func `a client is declared for tokens that are bound to a key`() throws {
        let settings = try GatehouseSettings.parse(Self.client("secret: { plain: x }", "dpop_bound_access_tokens: true"))
        let metadata = try ClientDeclaration(declared: settings.clients[0]).client(now: ManualClock().now).metadata
        #expect(metadata.isDPoPBound)
        #expect(try ClientMetadata(registering: metadata.json, policy: .declared) == metadata)
    }

    @Test func `a client is declared with its own certificate`() throws {
        let der = try Self.certificate()
        let settings = try GatehouseSettings.parse(Self.client(Self.block(der)))
        let metadata = try ClientDeclaration(declared: settings.clients[0]).client(now: ManualClock().now).metadata
        #expect(metadata.tokenEndpointAuthMethod == .selfSignedTLSClientAuth)
        #expect(metadata.certificates?.contains(der) == true)
        #expect(throws: Never.self) { try metadata.checkCertificates() }
        // What is printed is read again.
        #expect(throws: Never.self) { try GatehouseSettings.parse(settings.printed()) }
    }

    @Test func `what does not go together is refused`() throws {
        let block = try Self.block(Self.certificate())
        let cases: [(String, [String])] = [
            (Self.client("authentication: tls_client_auth"), ["clients[0].authentication"]),
            (Self.client("authentication: self_signed_tls_client_auth"), ["clients[0].authentication"]),
            (
                Self.client("tls_client_auth_subject_dn: \"CN=a\"", "tls_client_auth_san_dns: a.example"),
                ["clients[0].tls_client_auth_san_dns"]
            ),
            (Self.client("tls_client_auth_subject_dn: billing"), ["clients[0].tls_client_auth_subject_dn"]),
            (Self.client("tls_client_auth_san_ip: 1.2.3"), ["clients[0].tls_client_auth_san_ip"]),
            (Self.client("tls_client_auth_san_dns: a.example", block), ["clients[0].tls_client_auth_san_dns"]),
            (Self.client("certificates: [\"nothing\"]"), ["clients[0].certificates[0]"]),
            (
                Self.client("secret: { plain: x }", "tls_client_auth_san_dns: a.example"), ["clients[0].tls_client_auth_san_dns"]
            ),
            (
                Self.client("secret: { plain: x }", "authentication: tls_client_auth", "tls_client_auth_san_dns: a.example"),
                ["clients[0].authentication"]
            ),
            (
                Self.client("secret: { plain: x }", "tls_client_auth_authorities: [local]"), ["clients[0].tls_client_auth_authorities"]
            ),
            (
                Self.client("tls_client_auth_san_dns: a.example", "tls_client_auth_authorities: [elsewhere]"),
                ["clients[0].tls_client_auth_authorities[0]"]
            ),
            (
                Self.client(
                    "secret: { plain: x }", "dpop_bound_access_tokens: true", "tls_client_certificate_bound_access_tokens: true"),
                ["clients[0].dpop_bound_access_tokens"]
            ),
            ("certificates: { revocation_lists: [a.crl] }", ["certificates.revocation_lists"]),
        ]
        for (yaml, paths) in cases { #expect(problems(yaml).map(\.path) == paths, "\(yaml)") }
    }

    @Test func `authorities and lists are files`() throws {
        let settings = try GatehouseSettings.parse("certificates: { authorities: [ca.pem], revocation_lists: [/etc/ca.crl] }")
        #expect(settings.certificates.authorities == ["ca.pem"])
        #expect(settings.certificates.revocationLists == ["/etc/ca.crl"])
    }
}
