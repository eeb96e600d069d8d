import Gateway
import OAuthProtocol
import Testing
import Web

@testable import GatehouseServer

@Suite struct SettingsGatewayTests {
    private static let resource = """
        resources:
          - identifier: https://api.example.org
            scopes: [{ name: "notes:read" }]

        """

    private func read(_ yaml: String) throws -> ForwardAuthSettings { try GatehouseSettings.parse(Self.resource + yaml).gateway.door }

    @Test func `rules are read in their order, with every key`() throws {
        let door = try read(
            """
            gateway:
              proxies: [10.0.0.0/24, "fd00::/8"]
              session: 1h
              session_scopes: [openid, "notes:read"]
              client_certificate: escaped_pem
              rules:
                - { host: App.example.org, path: /open/*, methods: [GET], anonymous: true }
                - { host: app.example.org, path: /api/*, audience: https://api.example.org, scopes: ["notes:read"], proofs: [api_key], publishable_keys: true }
                - { host: "app.example.org:8443", browsers: true, roles: [admin] }
                - { host: "*.example.org", any_scope: ["notes:read"] }
            """)
        #expect(door.proxies.map(\.description) == ["10.0.0.0/24", "fd00::/8"])
        #expect(door.sessionLifetime == .seconds(3_600))
        #expect(door.sessionScopes == ["openid", "notes:read"])
        #expect(door.certificates.isPresent(in: [.xClientCert: "x"]))
        #expect(!door.certificates.isPresent(in: [.clientCert: "x"]))
        #expect(
            door.rules.map(\.place.host) == [
                .exact("app.example.org", port: nil), .exact("app.example.org", port: nil), .exact("app.example.org", port: 8443),
                .below(".example.org"),
            ])
        #expect(door.rules[0].place.methods == ["GET", "HEAD"])
        #expect(door.rules[1].requirements.proofs == [.apiKey])
        #expect(door.rules[2].requirements.proofs.contains(.session))
        #expect(!door.rules[3].requirements.proofs.contains(.session))
        #expect(!door.rules[3].requirements.proofs.contains(.clientSecret))
        #expect(door.browserOrigins == ["https://app.example.org:8443"])
    }

    @Test func `nothing passes by default, and this machine alone may ask`() throws {
        let door = try GatehouseSettings.parse("").gateway.door
        #expect(door.rules.isEmpty)
        #expect(door.proxies.map(\.description) == ["127.0.0.0/8", "::1/128"])
        #expect(try GatehouseSettings.parse(production, environment: productionEnvironment).gateway.door.proxies.isEmpty)
    }

    @Test func `people come back by plain http on this machine only`() throws {
        let door = try read("gateway: { rules: [{ host: \"127.0.0.1:81\", browsers: true }, { host: app.example.org, browsers: true }] }")
        #expect(door.browserOrigins == ["https://127.0.0.1:81", "http://127.0.0.1:81", "https://app.example.org"])
    }

    @Test(arguments: [
        ("{ path: /x }", "7 gateway.rules[0].host"), ("{ host: \"*\" }", "7 gateway.rules[0].host"),
        ("{ host: a.example, path: x }", "7 gateway.rules[0].path"), ("{ host: a.example, path: /a/../b }", "7 gateway.rules[0].path"),
        ("{ host: a.example, methods: [get] }", "7 gateway.rules[0].methods[0]"),
        ("{ host: a.example, scopes: [unknown] }", "7 gateway.rules[0].scopes"),
        ("{ host: a.example, any_scope: [unknown] }", "7 gateway.rules[0].any_scope"),
        ("{ host: a.example, audience: https://other.example }", "7 gateway.rules[0].audience"),
        ("{ host: a.example, anonymous: true, roles: [admin] }", "7 gateway.rules[0].roles"),
        ("{ host: a.example, anonymous: true, scopes: [\"notes:read\"] }", "7 gateway.rules[0].scopes"),
        ("{ host: a.example, proofs: [session] }", "7 gateway.rules[0].proofs"),
        ("{ host: a.example, proofs: [api_key], browsers: true }", "7 gateway.rules[0].proofs"),
        ("{ host: a.example, proofs: [access_token], publishable_keys: true }", "7 gateway.rules[0].publishable_keys"),
        ("{ host: \"*.example.org\", browsers: true }", "7 gateway.rules[0].browsers"),
        ("{ host: a.example, rolls: [admin] }", "7 gateway.rules[0].rolls"),
        ("{ host: a.example, proofs: [magic] }", "7 gateway.rules[0].proofs[0]"),
    ])
    func `a rule that can't be meant is refused at its line`(rule: String, place: String) {
        #expect(places(Self.resource + "gateway:\n  session: 1h\n  rules:\n    - \(rule)\n") == [place])
    }

    @Test func `other mistakes are refused, too`() {
        #expect(places("gateway: { proxies: [0.0.0.0/0, 10.0.0.1/8] }") == ["1 gateway.proxies[0]", "1 gateway.proxies[1]"])
        #expect(places("gateway: { session: 25h }") == ["1 gateway.session"])
        #expect(places("gateway: { session_scopes: [keys, unknown] }") == ["1 gateway.session_scopes", "1 gateway.session_scopes"])
        #expect(places("gateway: { rules: [{ host: a.example }, { host: a.example, path: /x }] }") == ["1 gateway.rules[1]"])
        #expect(
            places(production + "gateway: { rules: [{ host: a.example }] }", environment: productionEnvironment) == ["2 gateway.proxies"])
        #expect(places("clients: [{ client_id: gatehouse-door, redirect_uris: [https://a.example/] }]") == ["1 clients[0].client_id"])
        #expect(places("api_keys: { callers: [session] }") == ["1 api_keys.callers[0]"])
    }
}
