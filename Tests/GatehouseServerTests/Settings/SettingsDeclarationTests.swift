import Testing

@testable import GatehouseServer

@Suite struct SettingsDeclarationTests {
    private let head = """
        resources:
          - identifier: https://api.example
            scopes: [{ name: "notes:read", title: Read }]
        scopes:
          - name: extra

        """

    private func client(_ members: String) -> [String] {
        problems(head + "clients:\n  - { client_id: a, \(members) }\n").map { String($0.path.dropFirst("clients[0].".count)) }
    }

    private let secret = "secret: { plain: s }"
    private let redirect = "redirect_uris: [\"https://a.example/\"]"

    @Test func `what is left out takes its default`() throws {
        let settings = try GatehouseSettings.parse(head + "clients: [{ client_id: a, \(redirect) }]")
        let client = settings.clients[0]
        #expect(client.name == "a")
        #expect(client.authentication == .none)
        #expect(client.grantTypes == [.authorizationCode])
        #expect(client.scopes == ["openid"])
        #expect(client.pkce == .required)
        #expect(client.consent == .ask)
        #expect(client.idTokenAlgorithm == .rs256)
        #expect(client.accessTokenLifetime == nil)
        #expect(settings.resources[0].name == "https://api.example")
        #expect(settings.scopes == [DeclaredScope(name: "extra", title: "extra", description: nil)])
    }

    @Test func `everything that is given is taken`() throws {
        let yaml =
            head + """
                clients:
                  - client_id: a
                    name: A client
                    \(secret)
                    authentication: client_secret_post
                    application_type: web
                    grant_types: [authorization_code, refresh_token, client_credentials]
                    \(redirect)
                    post_logout_redirect_uris: ["https://a.example/bye"]
                    scopes: [openid, offline_access, "notes:read", extra, introspect]
                    audiences: [https://api.example]
                    allowed_origins: ["https://a.example", "http://localhost:3000"]
                    logo_uri: https://a.example/logo.svg
                    policy_uri: https://a.example/policy
                    tos_uri: https://a.example/tos
                    client_uri: https://a.example/
                    contacts: [ops@a.example]
                    pkce: optional
                    consent: implicit
                    id_token_algorithm: ES256
                    access_token_algorithm: RS256
                    access_token_lifetime: 5m
                    default_max_age: 1h
                """
        let client = try GatehouseSettings.parse(yaml).clients[0]
        #expect(client.authentication == .clientSecretPost)
        #expect(client.grantTypes.count == 3)
        #expect(client.postLogoutRedirectURIs.map(\.text) == ["https://a.example/bye"])
        #expect(client.allowedOrigins.count == 2)
        #expect(client.tosURI == "https://a.example/tos")
        #expect(client.contacts == ["ops@a.example"])
        #expect(client.pkce == .optional)
        #expect(client.consent == .implicit)
        #expect(client.idTokenAlgorithm == .es256)
        #expect(client.accessTokenAlgorithm == .rs256)
        #expect(client.accessTokenLifetime == .minutes(5))
        #expect(client.defaultMaxAge == .hours(1))
    }

    @Test func `authentication and secret go together`() {
        #expect(client("\(redirect), authentication: client_secret_basic") == ["authentication"])
        #expect(client("\(redirect), authentication: none, \(secret)") == ["authentication"])
        #expect(client("\(redirect), authentication: private_key_jwt, \(secret)") == ["authentication"])
    }

    @Test func `grants go with redirects and secrets`() {
        #expect(client("scopes: [openid]") == ["redirect_uris"])
        #expect(client("\(secret), grant_types: [client_credentials], \(redirect)") == ["redirect_uris"])
        #expect(client("grant_types: [client_credentials]") == ["grant_types"])
        #expect(client("\(secret), grant_types: [client_credentials, refresh_token]") == ["grant_types"])
        #expect(client("\(secret), redirect_uris: [\"com.example.app:/cb\"]") == ["redirect_uris"])
        #expect(client("\(secret), application_type: native, redirect_uris: [\"com.example.app:/cb\"]") == [])
        #expect(client("\(redirect), grant_types: [implicit]") == ["grant_types[0]"])
        #expect(client("\(redirect), scopes: [offline_access]") == ["scopes"])
    }

    @Test func `public clients keep PKCE, and consent where any program may claim the redirect`() {
        #expect(client("\(redirect), pkce: optional") == ["pkce"])
        #expect(client("redirect_uris: [\"http://127.0.0.1/cb\"], consent: implicit") == ["consent"])
        #expect(client("redirect_uris: [\"com.example.app:/cb\"], consent: implicit") == ["consent"])
        #expect(client("\(redirect), consent: implicit") == [])
    }

    @Test func `scopes and audiences must have been declared`() {
        #expect(client("\(redirect), scopes: [notes:reed]") == ["scopes"])
        #expect(client("\(redirect), audiences: [https://other.example]") == ["audiences"])
    }

    @Test(arguments: [
        "redirect_uris: [\"https://a.example/#f\"]", "redirect_uris: [\"javascript:alert(1)\"]", "redirect_uris: [\"http://a.example/\"]",
        "redirect_uris: [\"/relative\"]", "redirect_uris: [\"https://u:p@a.example/\"]",
    ])
    func `a redirect that must not be registered is refused`(member: String) {
        #expect(client(member) == ["redirect_uris[0]"])
    }

    @Test(arguments: [
        "allowed_origins: [\"https://a.example/\"]", "allowed_origins: [\"*\"]", "allowed_origins: [\"https://A.example\"]",
        "allowed_origins: [\"https://a.example:443\"]", "allowed_origins: [\"http://a.example\"]", "allowed_origins: [\"null\"]",
    ])
    func `an origin is refused unless browsers would send it so`(member: String) {
        #expect(client("\(redirect), \(member)") == ["allowed_origins[0]"])
    }

    @Test(arguments: [
        "logo_uri: \"http://a.example/l\"", "logo_uri: \"data:image/png,x\"", "logo_uri: \"https://u@a.example/\"",
        "logo_uri: \"https://\"", "logo_uri: \"https://a.example:0/\"", "logo_uri: \"https://a example/\"", "access_token_lifetime: 2d",
        "id_token_algorithm: none", "id_token_algorithm: HS256", "client_id2: b",
    ])
    func `other values out of bounds are refused`(member: String) {
        #expect(client("\(redirect), \(member)").count == 1)
    }

    @Test(arguments: ["a b", "a:b", "ä"]) func `a client's id is printable ASCII without colon or space`(id: String) {
        #expect(places("clients: [{ client_id: \"\(id)\", \(redirect) }]") == ["1 clients[0].client_id"])
    }

    @Test func `names are declared once`() {
        let user = "{ username: Ada, password: { plain: p } }"
        #expect(places("users: [\(user), \(user.lowercased())]") == ["1 users[1].username"])
        #expect(places("clients: [{ client_id: a, \(redirect) }, { client_id: a, \(redirect) }]") == ["1 clients[1].client_id"])
        #expect(places("resources: [{ identifier: \"urn:a\" }, { identifier: \"urn:a\" }]") == ["1 resources[1].identifier"])
        #expect(places("scopes: [{ name: a }, { name: a }, { name: openid }]") == ["1 scopes[1].name", "1 scopes[2].name"])
    }

    @Test(arguments: ["relative", "https://a.example/#f", "1a:b", "urn:", "https://a b"])
    func `a resource is an absolute URI without a fragment`(identifier: String) {
        #expect(places("resources: [{ identifier: \"\(identifier)\" }]") == ["1 resources[0].identifier"])
    }

    @Test(arguments: [
        "email: ada", "email: a@b", "email: \"a b@c.d\"", "birthdate: 1815-13-10", "birthdate: 1815-02-30", "birthdate: 10.12.1815",
        "phone_number: 020 7946", "phone_number: \"+44 call me\"", "locale: en_GB", "zoneinfo: \"Europe/London!\"",
        "picture: \"ftp://a/b\"",
        "roles: [Admin]", "email_verified: true", "phone_number_verified: true", "address: London", "address: { city: London }",
        "disabled: 1",
    ])
    func `a claim out of shape is refused`(member: String) {
        #expect(problems("users: [{ username: a, password: { plain: p }, \(member) }]").count == 1)
    }

    @Test(arguments: ["0000-12-10", "1815", "2024-02-29"]) func `a birthdate may lack parts`(date: String) {
        #expect(problems("users: [{ username: a, password: { plain: p }, birthdate: \"\(date)\" }]").isEmpty)
    }
}
