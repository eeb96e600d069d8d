import HTTPTypes
import OAuth
import OAuthProtocol
import TestKit
import Testing

@Suite struct DiscoveryTests {
    private static let paths = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]

    private static let members: Set<String> = [
        "issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "introspection_endpoint",
        "revocation_endpoint", "end_session_endpoint", "scopes_supported", "response_types_supported", "response_modes_supported",
        "grant_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported",
        "token_endpoint_auth_methods_supported", "introspection_endpoint_auth_methods_supported",
        "revocation_endpoint_auth_methods_supported", "code_challenge_methods_supported", "acr_values_supported",
        "display_values_supported", "claim_types_supported", "claims_supported", "prompt_values_supported", "ui_locales_supported",
        "claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported",
        "require_request_uri_registration", "authorization_response_iss_parameter_supported", "tls_client_certificate_bound_access_tokens",
        "dpop_signing_alg_values_supported",
    ]

    @Test func `both paths say the same, and exactly what is supported`() async throws {
        try await TestServer.run { server in
            var bodies: Set<String> = []
            for path in Self.paths {
                let answer = try await server.get(path)
                #expect(answer.status == .ok)
                #expect(answer.headers[.contentType] == "application/json")
                #expect(answer.headers[.cacheControl] == "public, max-age=300")
                #expect(answer.json.memberNames == Self.members)
                bodies.insert(answer.text)
            }
            #expect(bodies.count == 1)
            let document = try await server.get(Self.paths[0]).json
            #expect(document["issuer"]?.string == TestServer.issuer)
            #expect(document["response_types_supported"]?.strings == ["code"])
            #expect(document["response_modes_supported"]?.strings == ["query", "form_post"])
            #expect(
                document["grant_types_supported"]?.strings == [
                    "authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange",
                ])
            #expect(document["subject_types_supported"]?.strings == ["public"])
            #expect(document["id_token_signing_alg_values_supported"]?.strings == ["RS256", "ES256"])
            #expect(document["code_challenge_methods_supported"]?.strings == ["S256"])
            #expect(document["request_parameter_supported"] == false)
            // Its default is true (OpenID Connect Discovery §3), so silence would promise too much.
            #expect(document["request_uri_parameter_supported"] == false)
            #expect(document["authorization_response_iss_parameter_supported"] == true)
            let scopes = try #require(document["scopes_supported"]?.strings)
            #expect(Set(scopes).isSuperset(of: ["openid", "profile", "email", "address", "phone", "offline_access", "notes:read"]))
            #expect(!scopes.contains("introspect"))
            for (name, value) in try #require(document.object) where name.hasSuffix("_endpoint") || name == "jwks_uri" {
                #expect(value.string?.hasPrefix(TestServer.issuer + "/oauth2/") == true, "\(name)")
            }
        }
    }

    @Test func `registration is announced when it is there`() async throws {
        for policy in [RegistrationPolicy.open, .initialAccessToken([])] {
            try await TestServer.run(configure: { $0.oauth.registration = policy }) { server in
                let document = try await server.get(Self.paths[0]).json
                #expect(document["registration_endpoint"]?.string == TestServer.issuer + "/oauth2/register")
                #expect(document.memberNames == Self.members.union(["registration_endpoint"]))
            }
        }
    }

    @Test func `where clients show certificates there are aliases for what clients call, and each has its route`() async throws {
        try await TestServer.run(configure: { parts in
            parts.oauth.mutualTLSURL = "https://id.example:8444"
            parts.oauth.registration = .open
        }) { server in
            let document = try await server.get(Self.paths[0]).json
            let aliases = try #require(document["mtls_endpoint_aliases"]?.object)
            #expect(
                Set(aliases.keys) == [
                    "token_endpoint", "userinfo_endpoint", "introspection_endpoint", "revocation_endpoint", "registration_endpoint",
                ])
            for (name, alias) in aliases {
                let address = try #require(alias.string)
                #expect(address.hasPrefix("https://id.example:8444/"))
                #expect(document[name]?.string == TestServer.issuer + address.dropFirst("https://id.example:8444".count))
                #expect(try await server.post(String(address.dropFirst("https://id.example:8444".count)), []).status != .notFound)
            }
        }
    }

    @Test func `the JWKS holds public keys for both algorithms, and may be cached an hour`() async throws {
        try await TestServer.run { server in
            let answer = try await server.get("/oauth2/jwks")
            #expect(answer.status == .ok)
            #expect(answer.headers[.contentType] == "application/jwk-set+json")
            #expect(answer.headers[.cacheControl] == "public, max-age=3600")
            let keys = try #require(answer.json["keys"]?.array)
            #expect(Set(keys.compactMap { $0["alg"]?.string }) == ["ES256", "RS256"])
            for key in keys {
                #expect(key["use"] == "sig")
                #expect(key["kid"]?.string?.utf8.count == 43)
                for secret in ["d", "p", "q", "dp", "dq", "qi", "k", "oth"] { #expect(key[secret] == nil) }
            }
        }
    }

    @Test func `an entity tag spares the body`() async throws {
        try await TestServer.run { server in
            let etag = try #require(try await server.get("/oauth2/jwks").headers[.eTag])
            for tag in [etag, "W/\(etag)", "\"other\", \(etag)", "*"] {
                let answer = try await server.get("/oauth2/jwks", headers: [.ifNoneMatch: tag])
                #expect(answer.status == .notModified, "\(tag)")
                #expect(answer.text.isEmpty)
                #expect(answer.headers[.eTag] == etag)
                #expect(answer.headers[.cacheControl] == "public, max-age=3600")
            }
            for tag in ["\"other\"", String(etag.dropLast()), "W/\"other\""] {
                #expect(try await server.get("/oauth2/jwks", headers: [.ifNoneMatch: tag]).status == .ok, "\(tag)")
            }
            try await server.wiring.keys.rotate(.es256, now: server.clock.now)
            let changed = try await server.get("/oauth2/jwks", headers: [.ifNoneMatch: etag])
            #expect(changed.status == .ok)
            #expect(changed.headers[.eTag] != etag)
            #expect(changed.json["keys"]?.array?.count == 3)
        }
    }

    @Test func `after a rotation the old tokens still verify`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let old = try await server.clientToken()
            // Of two keys that begin to sign in the same instant either may.
            server.clock.advance(by: .seconds(1))
            try await server.wiring.keys.rotate(.es256, immediately: true, now: server.clock.now)
            server.clock.advance(by: .seconds(1))
            let new = try await server.clientToken()
            #expect(try TestServer.part(0, of: old)["kid"] != TestServer.part(0, of: new)["kid"])
            for token in [old, new] {
                _ = try await server.verified(token, type: "at+jwt")
                #expect(try await server.isActive(token) == true)
            }
        }
    }
}
