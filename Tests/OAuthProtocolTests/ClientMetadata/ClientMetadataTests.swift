import Testing

@testable import OAuthProtocol

@Suite("ClientMetadata")
struct ClientMetadataTests {
    private let redirects: JSONValue = ["https://app.example/cb"]

    private func register(
        _ members: [String: JSONValue], policy: ClientMetadataPolicy = .registration()
    ) throws(OAuthError) -> ClientMetadata {
        var all = members
        if all["redirect_uris"] == nil { all["redirect_uris"] = redirects }
        return try ClientMetadata(registering: .object(all), policy: policy)
    }

    private func refusal(_ members: [String: JSONValue], policy: ClientMetadataPolicy = .registration()) -> OAuthError? {
        do {
            _ = try register(members, policy: policy)
            return nil
        } catch {
            return error
        }
    }

    @Test("fills in the defaults of RFC 7591 and OpenID Connect Registration")
    func defaults() throws {
        let metadata = try register([:])
        #expect(metadata.tokenEndpointAuthMethod == .clientSecretBasic && !metadata.isPublic)
        #expect(metadata.grantTypes == [.authorizationCode] && metadata.responseTypes == ["code"])
        #expect(metadata.applicationType == .web && metadata.idTokenSignedResponseAlg == "RS256")
        #expect(!metadata.requireAuthTime && metadata.scope == nil && metadata.clientName.isEmpty)
        #expect(metadata.json["subject_type"] == "public" && metadata.json["response_types"] == ["code"])
    }

    @Test("keeps every member that it supports, and comes back from its JSON")
    func roundTrip() throws {
        let metadata = try register([
            "redirect_uris": ["https://app.example/cb", "https://app.example/cb", "com.example.app:/cb"],
            "post_logout_redirect_uris": ["https://app.example/bye"], "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"], "token_endpoint_auth_method": "none", "application_type": "native",
            "id_token_signed_response_alg": "ES256", "subject_type": "public", "client_name": "Büro 🏢", "client_name#de-AT": "Amt",
            "logo_uri": "https://app.example/logo.png", "client_uri": "http://localhost:3000/", "policy_uri": "https://app.example/p",
            "tos_uri": "https://app.example/t", "tos_uri#fr": "https://app.example/fr", "contacts": ["a@app.example"],
            "default_max_age": 3_600, "require_auth_time": true, "default_acr_values": ["1"],
            "initiate_login_uri": "https://app.example/go",
            "scope": "openid email", "software_id": "4NRB1", "software_version": "2.1", "nonsense": ["x": 1],
        ])
        #expect(metadata.redirectURIs.map(\.text) == ["https://app.example/cb", "com.example.app:/cb"])
        #expect(metadata.clientName.best(for: ["de-AT-x", "en"]) == "Amt")
        #expect(metadata.clientName.best(for: ["de", "en"]) == "Büro 🏢")
        #expect(metadata.scope == ["openid", "email"] && metadata.defaultMaxAge?.seconds == 3_600)
        #expect(metadata.json["nonsense"] == nil)
        #expect(try ClientMetadata(registering: metadata.json, policy: .declared) == metadata)
        #expect(try ClientMetadata(registering: JSONValue(parsing: metadata.json.encoded()), policy: .declared) == metadata)
    }

    @Test("null counts as absent")
    func nulls() throws {
        #expect(try register(["client_name": .null, "scope": .null, "jwks_uri": .null, "grant_types": .null]) == register([:]))
    }

    @Test("what isn't supported is refused by name, never ignored", arguments: UnsupportedMetadata.names.sorted())
    func unsupported(name: String) throws {
        for value: JSONValue in ["https://app.example/x", true, ["x"], [:]] {
            let error = try #require(refusal([name: value]))
            #expect(error.code == .invalidClientMetadata && error.publicDescription.contains(name))
        }
        #expect(refusal([name: false]) == nil)
    }

    @Test("the members of the contract that must be refused are on the list")
    func unsupportedNames() {
        for name in [
            "jwks_uri", "request_object_signing_alg", "sector_identifier_uri", "userinfo_signed_response_alg",
            "id_token_encrypted_response_alg", "backchannel_logout_uri", "frontchannel_logout_uri",
            "request_uris", "token_endpoint_auth_signing_alg",
        ] {
            #expect(UnsupportedMetadata.names.contains(name))
        }
    }

    @Test("redirect URIs are judged one by one, under their own code")
    func redirectURIs() throws {
        let bad: [JSONValue] = [
            [], "https://app.example/cb", [1], ["javascript:alert(1)"], ["https://app.example/cb", "http://app.example/cb"],
            ["https://app.example/cb#x"], ["com.example.app:/cb"], .array(Array(repeating: "https://app.example/cb", count: 21)),
        ]
        for value in bad {
            #expect(refusal(["redirect_uris": value])?.code == .invalidRedirectURI, "\(value)")
        }
        #expect(throws: OAuthError.invalidRedirectURI("The member redirect_uris is missing.")) {
            try ClientMetadata(registering: [:], policy: .registration())
        }
        #expect(refusal(["redirect_uris": ["com.example.app:/cb"], "application_type": "native"]) == nil)
        #expect(refusal(["redirect_uris": ["com.example.app:/cb"], "token_endpoint_auth_method": "none"]) == nil)
    }

    @Test(
        "each other rule is refused as invalid_client_metadata",
        arguments: [
            ["grant_types": ["implicit"]], ["grant_types": ["password"]], ["grant_types": []], ["grant_types": "authorization_code"],
            ["grant_types": ["client_credentials"]], ["grant_types": ["refresh_token"]],
            ["response_types": ["token"]], ["response_types": ["code", "code id_token"]], ["response_types": []],
            ["token_endpoint_auth_method": "private_key_jwt"], ["token_endpoint_auth_method": "tls_client_auth"],
            ["token_endpoint_auth_method": 1], ["token_endpoint_auth_method": "self_signed_tls_client_auth"],
            ["tls_client_auth_subject_dn": "CN=x"], ["tls_client_auth_san_dns": "x.example"], ["jwks": ["keys": []]],
            ["tls_client_certificate_bound_access_tokens": "true"],
            ["application_type": "desktop"], ["subject_type": "pairwise"], ["id_token_signed_response_alg": "none"],
            ["id_token_signed_response_alg": "HS256"], ["userinfo_signed_response_alg": "RS256"], ["userinfo_signed_response_alg": "none"],
            ["client_name": .string(String(repeating: "x", count: 201))], ["client_name": 1], ["client_name": "a\nb"],
            ["client_name": "a\u{202E}b"],
            ["client_name#": "x"], ["client_name#de_AT": "x"], ["client_name#de": 1],
            ["logo_uri": "http://app.example/l"], ["logo_uri": "javascript:alert(1)"], ["logo_uri": "data:image/png;base64,AA"],
            ["client_uri": "https://u:p@app.example/"], ["policy_uri": "app.example"], ["tos_uri": "https://"],
            ["tos_uri#de": "ftp://x.example/"],
            ["contacts": "a@app.example"], ["contacts": [1]], ["contacts": .array(Array(repeating: "a", count: 21))],
            ["default_max_age": -1], ["default_max_age": "60"], ["default_max_age": 1.5], ["require_auth_time": "true"],
            ["default_acr_values": "1"], ["initiate_login_uri": "http://app.example/"],
            ["post_logout_redirect_uris": ["http://app.example/"]],
            ["post_logout_redirect_uris": "https://app.example/"], ["scope": "a\"b"], ["scope": ["openid"]],
            ["software_id": .string(String(repeating: "x", count: 256))],
        ] as [[String: JSONValue]])
    func refusals(members: [String: JSONValue]) throws {
        let error = try #require(refusal(members))
        #expect(error.code == .invalidClientMetadata)
        let name = try #require(members.keys.first)
        #expect(error.publicDescription.contains(name.prefix { $0 != "#" }) || name == "grant_types" || name == "scope", "\(error)")
    }

    @Test("what isn't an object is refused")
    func shape() {
        for json: JSONValue in [[], "x", .null, 1] {
            #expect(throws: OAuthError.self) { try ClientMetadata(registering: json) }
        }
    }

    @Test("a service client needs no redirect, but must authenticate")
    func serviceClients() throws {
        let service = try ClientMetadata(registering: ["grant_types": ["client_credentials"]], policy: .declared)
        #expect(service.redirectURIs.isEmpty && service.responseTypes.isEmpty)
        #expect(throws: OAuthError.invalidClientMetadata("The grant type client_credentials needs a client that authenticates.")) {
            try ClientMetadata(
                registering: ["grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"], policy: .declared)
        }
        #expect(throws: OAuthError.invalidClientMetadata("The members grant_types and response_types do not go together.")) {
            try ClientMetadata(registering: ["grant_types": ["client_credentials"], "response_types": ["code"]], policy: .declared)
        }
    }

    @Test("the policy bounds scopes, grants and methods")
    func policy() {
        #expect(
            refusal(["scope": "openid admin"], policy: .registration(scopes: ["openid"]))?.publicDescription
                == "The scope admin is not allowed.")
        #expect(refusal(["scope": "openid"], policy: .registration(scopes: ["openid"])) == nil)
        #expect(refusal([:], policy: ClientMetadataPolicy(authMethods: [.none]))?.code == .invalidClientMetadata)
        #expect(refusal([:], policy: ClientMetadataPolicy(grantTypes: [.clientCredentials]))?.code == .invalidClientMetadata)
    }

    @Test("language tags fall back as RFC 4647 §3.4 does")
    func languages() {
        let text = LocalizedText("Hello", byLanguage: ["de": "Hallo", "fr-CA": "Allô"])
        #expect(text.best(for: ["de-CH-1996"]) == "Hallo")
        #expect(text.best(for: ["it", "FR-ca"]) == "Allô")
        #expect(text.best(for: ["it", "", "-", "fr"]) == "Hello")
        #expect(LocalizedText(byLanguage: ["de": "Hallo"]).best() == "Hallo")
        #expect(LocalizedText.isLanguageTag("zh-Hant-TW") && !LocalizedText.isLanguageTag("1a") && !LocalizedText.isLanguageTag("de--AT"))
    }
}
