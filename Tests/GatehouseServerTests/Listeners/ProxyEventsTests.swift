import HTTPTypes
import TestKit
import Testing
import Web

@testable import GatehouseServer

@Suite struct ProxyEventsTests {
    private static let trust = ProxyTrust(
        networks: ["10.0.0.0/8"].compactMap { AddressNetwork(parsing: $0) }, addressField: .xForwardedFor,
        certificates: ProxyCertificateSource(.clientCert))

    @Test func `a proxy's field from anybody else changes no answer and is counted with its reason`() async throws {
        try await TestServer.run(configure: { $0.proxies = Self.trust }) { server in
            let plain = try await server.get("/.well-known/openid-configuration")
            let spoofed = try await server.get(
                "/.well-known/openid-configuration", headers: [.xForwardedFor: "10.0.0.1", .clientCert: ":MAA=:"])
            #expect(spoofed.status == plain.status)
            #expect(spoofed.text == plain.text)
            let counted = server.wiring.tally.take().filter { $0.kind == .proxyFieldRefused }
            #expect(
                Set(counted.map { $0.detail["reason"] }) == ["an address from no listed proxy", "a certificate from no listed proxy"])
            #expect(counted.allSatisfy { $0.detail["count"] == "1" })
        }
    }

    @Test func `without listed proxies nobody looks at the fields`() async throws {
        try await TestServer.run { server in
            _ = try await server.get("/.well-known/openid-configuration", headers: [.xForwardedFor: "10.0.0.1", .clientCert: ":MAA=:"])
            #expect(server.wiring.tally.take().isEmpty)
        }
    }
}
