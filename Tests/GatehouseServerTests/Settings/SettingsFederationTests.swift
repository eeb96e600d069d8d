import Accounts
import Crypto
import FoundationEssentials
import OAuthProtocol
import TestKit
import Testing

@testable import GatehouseServer

@Suite struct SettingsFederationTests {
    private static func yaml(_ lines: String...) -> String {
        "clients:\n  - { client_id: app, redirect_uris: [https://app.example/cb] }\nfederation:\n  providers:\n    - id: corp\n"
            + lines.map { "      \($0)\n" }.joined()
    }

    private static func problems(_ yaml: String) -> [String] {
        do {
            _ = try GatehouseSettings.parse(yaml)
            return []
        } catch {
            return error.list.map(\.path)
        }
    }

    @Test func `a preset needs an id, a client and a secret`() throws {
        let settings = try GatehouseSettings.parse(
            Self.yaml("preset: google", "client_id: abc", "secret: { env: G }", "name: Work"), environment: ["G": "s3cret"])
        let provider = try #require(settings.federation.providers.first)
        #expect(provider.issuer == "https://accounts.google.com")
        #expect(provider.icon == .google)
        #expect(provider.name == "Work")
        #expect(provider.secret?.text == "s3cret")
        #expect(!settings.printed().contains("s3cret"))
        #expect(!"\(settings.federation)".contains("s3cret"))
    }

    @Test func `a provider by discovery, with everything`() throws {
        let key = P256.Signing.PrivateKey().pemRepresentation
        let settings = try GatehouseSettings.parse(
            Self.yaml(
                "issuer: https://login.corp.example/realm/", "client_id: gatehouse", "authentication: private_key_jwt", "key_id: k1",
                "private_key: { env: KEY }", "scopes: [openid, groups]", "parameters: [{ name: audience, value: x }]",
                "response_mode: form_post", "algorithms: [ES256, PS256, EdDSA]", "clock_tolerance: 5s",
                "claims: { name: displayName, email_verified: verified }", "roles: { claim: grp, map: [{ group: \"CN=A\", role: admin }] }",
                "new_users: refuse", "trusted_domains: [corp.example]", "domains: [corp.example]", "trust_amr: true", "trust_acr: true",
                "tokens: { clients: [app] }"), environment: ["KEY": key])
        let provider = try #require(settings.federation.providers.first)
        #expect(provider.authentication == .privateKeyJWT)
        #expect(provider.roles.roles == ["CN=A": "admin"])
        #expect(provider.mapping.claims["name"] == "displayName")
        #expect(provider.tokenClients == ["app"])
        #expect(provider.responseMode == .formPost)
        #expect(provider.trustsContext == true)
        #expect(provider.algorithms == ["ES256", "PS256", "EdDSA"])
        // As it goes to the database and comes back.
        let read = try JSONDecoder().decode(FederationProvider.self, from: JSONEncoder().encode(provider))
        var open = provider
        open.secret = nil
        #expect(read == open)
        #expect(String(decoding: try JSONEncoder().encode(provider), as: UTF8.self).contains("PRIVATE") == false)
    }

    @Test func `what was stored before a setting came is read as if it was off`() throws {
        let provider = FederationPreset.google.provider(id: "google", clientID: "x")
        let stored = try JSONEncoder().encode(provider)
        #expect(!String(decoding: stored, as: UTF8.self).contains("trustsContext"))
        #expect(try JSONDecoder().decode(FederationProvider.self, from: stored) == provider)
    }

    @Test func `what can't be is refused`() {
        let provider = "federation.providers[0]"
        let cases: [(String, String)] = [
            (Self.yaml("client_id: x", "secret: { plain: y }"), "\(provider).issuer"),
            (Self.yaml("preset: google", "secret: { plain: y }"), "\(provider).client_id"),
            (Self.yaml("preset: google", "client_id: x"), "\(provider).secret"),
            (Self.yaml("preset: gogle", "client_id: x", "secret: { plain: y }"), "\(provider).preset"),
            (Self.yaml("preset: google", "type: oauth2", "client_id: x", "secret: { plain: y }"), "\(provider).type"),
            (Self.yaml("preset: google", "tenant: t", "client_id: x", "secret: { plain: y }"), "\(provider).tenant"),
            (Self.yaml("type: oauth2", "client_id: x", "secret: { plain: y }"), "\(provider).endpoints"),
            (Self.yaml("preset: apple", "client_id: x", "private_key: { plain: y }", "team_id: t"), "\(provider).key_id"),
            (
                Self.yaml("preset: apple", "client_id: x", "private_key: { plain: y }", "team_id: t", "key_id: k"),
                "\(provider).private_key"
            ),
            (Self.yaml("issuer: http://a.example", "client_id: x", "secret: { plain: y }"), provider),
            (
                Self.yaml("preset: google", "client_id: x", "secret: { plain: y }", "pkce: false", "nonce: false"), "\(provider).nonce"
            ),
            (
                Self.yaml("preset: google", "client_id: x", "secret: { plain: y }", "trusted_domains: [Corp.Example]"),
                "\(provider).trusted_domains[0]"
            ),
            (
                Self.yaml("preset: microsoft", "client_id: x", "secret: { plain: y }", "trusted_domains: [corp.example]"),
                "\(provider).trusted_domains"
            ),
            (Self.yaml("preset: google", "client_id: x", "secret: { plain: y }", "claims: { sub: oid }"), "\(provider).claims.sub"),
            (
                Self.yaml("preset: github", "client_id: x", "secret: { plain: y }", "endpoints: { userinfo: \"https://a.example/user\" }"),
                "\(provider).issuer"
            ),
            (
                Self.yaml("preset: google", "client_id: x", "secret: { plain: y }", "tokens: { clients: [nobody] }"),
                "\(provider).tokens.clients"
            ),
            (
                Self.yaml("preset: google", "client_id: x", "secret: { plain: y }")
                    + "    - { id: corp, preset: github, client_id: x, secret: { plain: y } }\n", "federation.providers[1].id"
            ),
        ]
        for (yaml, path) in cases { #expect(Self.problems(yaml).contains(path), "\(yaml)") }
    }

    @Test func `plain http needs the setting for it`() throws {
        let yaml = Self.yaml("issuer: http://localhost:9000", "client_id: x", "secret: { plain: y }")
        #expect(throws: Never.self) { try GatehouseSettings.parse("outbound: { allow_private: true, allow_http: true }\n" + yaml) }
    }

    @Test func `a trusted domain goes with one tenant, and a preset's endpoints with an issuer`() {
        let tenant = "tenant: 9188040d-6c67-4c5b-b112-36a304b66dad"
        #expect(
            Self.problems(
                Self.yaml("preset: microsoft", tenant, "client_id: x", "secret: { plain: y }", "trusted_domains: [corp.example]")) == [])
        #expect(
            Self.problems(
                Self.yaml(
                    "preset: github", "client_id: x", "secret: { plain: y }", "issuer: https://a.example",
                    "endpoints: { userinfo: \"https://a.example/user\" }")) == [])
    }

    @Test func `a provider whose secret can't be opened is out of use alone, until the file gives it anew`() async throws {
        try await TestServer.run { server in
            let yaml =
                Self.yaml("preset: google", "client_id: x", "secret: { plain: y }")
                + "    - { id: other, preset: github, client_id: x, secret: { plain: z } }\n"
            let reconciliation = Reconciliation(settings: try GatehouseSettings.parse(yaml), wiring: server.wiring)
            _ = try await reconciliation.apply()
            try await server.database.execute("update federation_providers set secret = '\\x0102' where id = 'corp'")
            let directory = server.wiring.federation.directory
            try await directory.load()
            #expect(try await directory.providers().map(\.id) == ["other"])
            #expect(try await reconciliation.apply().map(\.line).filter { $0.contains("provider") } == ["change provider corp (secret)"])
            #expect(try await directory.find("corp")?.secret?.text == "y")
        }
    }

    @Test func `tokens that nobody may have any more are erased`() async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            let upstream = TestProvider("https://idp.example", clock: server.clock)
            internet.add(upstream)
            func apply(_ yaml: String) async throws {
                _ = try await Reconciliation(settings: try GatehouseSettings.parse(yaml), wiring: server.wiring).apply()
            }
            func signIn() async throws -> Int {
                _ = try await server.signIn(with: upstream, browser: TestBrowser(server))
                return try await TestRowStore(server.database).count("upstream_tokens")
            }
            let base = ["issuer: https://idp.example", "client_id: gatehouse", "secret: { plain: y }"]
            let keeping = Self.yaml(base[0], base[1], base[2], "tokens: { clients: [app] }")
            try await apply(keeping)
            #expect(try await signIn() == 1)
            try await apply(Self.yaml(base[0], base[1], base[2]))
            #expect(try await TestRowStore(server.database).count("upstream_tokens") == 0)
            try await apply(keeping)
            #expect(try await signIn() == 1)
            try await apply("local: true")
            #expect(try await TestRowStore(server.database).count("upstream_tokens") == 0)
            try await apply(keeping)
            #expect(try await signIn() == 1)
            try await apply("local: true\nprune: true")
            // Where there was nothing, nothing is on record.
            try await apply(keeping)
            try await apply("local: true\nprune: true")
            #expect(try await Self.erasures(server) == ["settings 1", "provider disabled 1", "provider erased 1"])
        }
    }

    private static func erasures(_ server: TestServer) async throws -> [String] {
        try await server.database.all(
            """
            select concat_ws(' ', detail->>'reason', detail->>'count') from audit_events where kind = 'upstream_token.erased'
            order by occurred_at, transaction_id, id
            """
        ) { try $0.text(0) }
    }

    @Test func `tokens of a person who leaves the file are erased, and that is on record`() async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            let upstream = TestProvider("https://idp.example", clock: server.clock)
            internet.add(upstream)
            let yaml = Self.yaml(
                "issuer: https://idp.example", "client_id: gatehouse", "secret: { plain: y }", "tokens: { clients: [app] }",
                "trusted_domains: [idp.example]")
            let ada = "users:\n  - { username: ada, password: { plain: x }, email: ada@idp.example, email_verified: true }\n"
            _ = try await Self.apply(yaml + ada, server)
            _ = try await server.signIn(with: upstream, browser: TestBrowser(server))
            #expect(try await TestRowStore(server.database).count("users") == 1)
            #expect(try await TestRowStore(server.database).count("upstream_tokens") == 1)
            _ = try await Self.apply(yaml + "prune: true\n", server)
            #expect(try await TestRowStore(server.database).count("users") == 0)
            #expect(try await TestRowStore(server.database).count("upstream_tokens") == 0)
            #expect(try await Self.erasures(server) == ["user erased"])
        }
    }

    private static func apply(_ yaml: String, _ server: TestServer) async throws -> [String] {
        let changes = try await Reconciliation(settings: try GatehouseSettings.parse(yaml), wiring: server.wiring).apply()
        return changes.map(\.line).filter { $0.contains("provider") }
    }

    @Test func `providers come into the database, change, and are switched off or removed`() async throws {
        try await TestServer.run { server in
            let google = Self.yaml("preset: google", "client_id: x", "secret: { plain: y }")
            let first = try await Self.apply(google, server)
            #expect(first == ["create provider corp"])
            #expect(try await Self.apply(google, server) == [])
            #expect(try await server.wiring.federation.directory.choices().map(\.name) == ["Google"])
            #expect(try await server.wiring.federation.directory.find("corp")?.secret?.text == "y")
            #expect(
                try await Self.apply(Self.yaml("preset: google", "client_id: x", "secret: { plain: z }"), server) == [
                    "change provider corp (secret)"
                ])
            #expect(
                try await Self.apply(Self.yaml("preset: github", "client_id: x", "secret: { plain: z }"), server)
                    == ["change provider corp (configuration)"])
            #expect(try await Self.apply("local: true", server) == ["change provider corp (disabled)"])
            #expect(try await Self.apply("local: true", server) == [])
            #expect(try await server.wiring.federation.directory.choices().isEmpty)
            #expect(try await Self.apply("prune: true", server) == ["remove provider corp"])
            #expect(try await TestRowStore(server.database).count("federation_providers") == 0)
        }
    }
}
