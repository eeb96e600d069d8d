import HTTPTypes
import Logging
import NIOCore
import NIOEmbedded
import NIOSSL
import OAuthProtocol
import TestKit
import Testing

@testable import Web

@Suite struct ProxyCertificateTests {
    private static let proxy = AddressNumber(parsing: "10.0.0.1")
    private static let networks = ["10.0.0.0/8"].compactMap { AddressNetwork(parsing: $0) }

    private static func trust(_ field: ProxyTrust.CertificateField) -> ProxyTrust {
        ProxyTrust(networks: networks, addressField: .none, certificates: ProxyCertificateSource(field))
    }

    private static func der(_ pem: String) throws -> [UInt8] {
        try #require(NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)).first).toDERBytes()
    }

    /// As nginx and Envoy escape it.
    private static func escaped(_ pem: String) -> String {
        pem.utf8.map { byte in
            let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
            let hex = String(byte, radix: 16, uppercase: true)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (hex.count == 1 ? "0" : "") + hex
        }.joined()
    }

    private static func item(_ bytes: [UInt8]) -> String { ":" + Base64.encode(bytes) + ":" }

    private let client: [UInt8]
    private let authority: [UInt8]

    init() throws {
        client = try Self.der(TestCertificates.client)
        authority = try Self.der(TestCertificates.authority)
    }

    @Test func `Client-Cert and Client-Cert-Chain are byte sequences`() {
        let trust = Self.trust(.clientCert)
        #expect(trust.judge(peer: Self.proxy, [.clientCert: Self.item(client)]) == ProxyVerdict(certificates: [client]))
        let both: HTTPFields = [.clientCert: Self.item(client), .clientCertChain: "\(Self.item(authority)), \(Self.item(client))"]
        #expect(trust.judge(peer: Self.proxy, both) == ProxyVerdict(certificates: [client, authority, client]))
    }

    @Test func `malformed certificates are none`() {
        let trust = Self.trust(.clientCert)
        let item = Self.item(client)
        let many = Array(repeating: item, count: 8).joined(separator: ", ")
        let large: [UInt8] = [0x30, 0x83, 0x00, 0x40, 0x00] + Array(repeating: 0, count: 0x4000)
        let fields: [HTTPFields] = [
            [.clientCert: ""], [.clientCert: "x"], [.clientCert: ":"], [.clientCert: "::"], [.clientCert: ":%%%:"],
            [.clientCert: "\"text\""],
            [.clientCert: item + ", " + item], [.clientCert: String(item.dropLast())], [.clientCert: Self.item(client + [0])],
            [.clientCert: Self.item(Array(client.dropLast()))], [.clientCert: Self.item(large)], [.clientCert: Self.item([0x30])],
            [.clientCert: item, .clientCertChain: many], [.clientCert: item, .clientCertChain: "x"],
            [.clientCert: item, .clientCertChain: "()"],
            [.clientCertChain: item],
        ]
        for headers in fields {
            #expect(trust.judge(peer: Self.proxy, headers) == ProxyVerdict(refusals: [.malformedCertificate]), "\(headers)")
        }
        var twice: HTTPFields = [:]
        for _ in 0..<2 { twice.append(HTTPField(name: .clientCert, value: item)) }
        #expect(trust.judge(peer: Self.proxy, twice).certificates.isEmpty)
        let seven = Array(repeating: item, count: 7).joined(separator: ", ")
        #expect(trust.judge(peer: Self.proxy, [.clientCert: item, .clientCertChain: seven]).certificates.count == 8)
    }

    @Test func `of X-Forwarded-Client-Cert the last element counts, which the nearest proxy has written`() {
        let trust = Self.trust(.xfcc)
        let certificate = Self.escaped(TestCertificates.client)
        let chain = Self.escaped(TestCertificates.client + "\n" + TestCertificates.authority + "\n")
        let other = "By=x;Hash=0;Cert=\"\(Self.escaped(TestCertificates.first))\""
        let cases: [(String, [[UInt8]])] = [
            ("By=spiffe://a;Hash=00;Cert=\"\(certificate)\";Subject=\"CN=a,O=\\\"b;c\\\"\";URI=", [client]),
            ("\(other),Hash=00;Cert=\"\(certificate)\"", [client]), ("\(other), cert=\(certificate)", [client]),
            ("Cert=\"\(certificate)\";Chain=\"\(chain)\"", [client, authority]), ("Chain=\"\(chain)\"", [client, authority]),
            ("\"\(other),Cert=\"\(certificate)\"", [client]),
            // Nothing to judge by.
            ("By=a;Hash=00", []), ("\(other),By=a;Hash=00;Cert=\"\"", []), ("", []),
        ]
        for (field, certificates) in cases {
            #expect(trust.judge(peer: Self.proxy, [.xForwardedClientCert: field]) == ProxyVerdict(certificates: certificates), "\(field)")
        }
        for field in [
            "x", "Cert=\"\(certificate)\";Cert=\"\(certificate)\"", "Cert=\"\(certificate)", "Cert=\"\(chain)\"", "Cert=\"abc\"",
            "Cert=\"\(Self.escaped(TestCertificates.authority))\";Chain=\"\(chain)\"", "Cert=\"\(certificate.dropLast(8))\"", "Cert=%2",
            "Cert=\"\(certificate)x\"", "Cert=\"\(Self.escaped("-----BEGIN CERTIFICATE-----"))\"",
        ] {
            let verdict = trust.judge(peer: Self.proxy, [.xForwardedClientCert: field])
            #expect(verdict == ProxyVerdict(refusals: [.malformedCertificate]), "\(field)")
        }
    }

    @Test func `nginx hands on escaped PEM in a field of the operator's choice`() throws {
        let name = try #require(HTTPField.Name("X-SSL-Cert"))
        let trust = ProxyTrust(
            networks: Self.networks, addressField: .none, certificates: ProxyCertificateSource(.escapedPEM, escapedPEMName: name))
        let escaped = Self.escaped(TestCertificates.client)
        #expect(trust.judge(peer: Self.proxy, [name: escaped]).certificates == [client])
        #expect(trust.judge(peer: Self.proxy, [name: ""]) == ProxyVerdict())
        #expect(trust.judge(peer: Self.proxy, [.xClientCert: escaped]) == ProxyVerdict())
        // A plus sign is not a space here.
        #expect(TestCertificates.client.contains("+") || TestCertificates.first.contains("+"))
        #expect(trust.judge(peer: Self.proxy, [name: escaped.replacing("%2B", with: "+")]).certificates == [client])
        #expect(trust.judge(peer: Self.proxy, [name: String(repeating: "A", count: 300_000)]).refusals == [.malformedCertificate])
    }

    @Test func `from any other address the fields are ignored and counted`() {
        let fields: [(ProxyTrust.CertificateField, HTTPFields)] = [
            (.clientCert, [.clientCert: Self.item(client)]), (.clientCert, [.clientCertChain: Self.item(client)]),
            (.xfcc, [.xForwardedClientCert: "Cert=\"\(Self.escaped(TestCertificates.client))\""]),
            (.escapedPEM, [.xClientCert: Self.escaped(TestCertificates.client)]),
        ]
        for (field, headers) in fields {
            let verdict = Self.trust(field).judge(peer: AddressNumber(parsing: "192.0.2.1"), headers)
            #expect(verdict == ProxyVerdict(refusals: [.untrustedCertificate]))
            #expect(Self.trust(.none).judge(peer: Self.proxy, headers) == ProxyVerdict())
        }
    }

    @Test func `a certificate of the connection's own is worth more than one in a field`() throws {
        let channel = EmbeddedChannel()
        channel.remoteAddress = try SocketAddress(ipAddress: "10.0.0.1", port: 5_000)
        let logger = Logger(label: "test")
        var plain = GatehouseContext(source: .init(channel: channel, logger: logger))
        #expect(plain.peerCertificates == [])
        #expect(plain.believe(Self.trust(.clientCert), [.clientCert: Self.item(client)]) == [])
        #expect(plain.peerCertificates == [client])
        var proven = GatehouseContext(source: .init(channel: TLSPeerChannel(channel, certificates: [authority]), logger: logger))
        #expect(proven.believe(Self.trust(.clientCert), [.clientCert: Self.item(client)]) == [])
        #expect(proven.peerCertificates == [authority])
        // The field is not even read then: nonsense in it is nobody's refusal.
        for field in [Self.item(client), "x"] {
            let verdict = Self.trust(.clientCert).judge(peer: Self.proxy, [.clientCert: field], readsCertificate: false)
            #expect(verdict == ProxyVerdict())
        }
    }

    @Test func `mutilated fields never crash and never pass as another certificate`() {
        let trust = Self.trust(.xfcc)
        let field = Array("By=a;Cert=\"\(Self.escaped(TestCertificates.client))\";Subject=\"CN=\\\"a\\\"\"".utf8)
        var seed: UInt64 = 0x9E37_79B9_7F4A_7C15
        func next(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % bound
        }
        let alphabet = Array("\"\\,;=%-+:AaCc0 ".utf8)
        for _ in 0..<3_000 {
            var mutated = field
            for _ in 0...next(3) { mutated[next(mutated.count)] = alphabet[next(alphabet.count)] }
            if next(2) == 0 { mutated.removeSubrange(0..<next(mutated.count)) }
            let verdict = trust.judge(peer: Self.proxy, [.xForwardedClientCert: String(decoding: mutated, as: UTF8.self)])
            #expect(verdict.certificates.count <= 1)
        }
    }
}
