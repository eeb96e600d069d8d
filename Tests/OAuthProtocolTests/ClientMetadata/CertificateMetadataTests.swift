import OAuthProtocol
import Testing

/// The members of RFC 8705.
@Suite struct CertificateMetadataTests {
    private func register(_ changes: [String: JSONValue]) throws(OAuthError) -> ClientMetadata {
        var members: [String: JSONValue] = ["redirect_uris": ["https://app.example/cb"]]
        members.merge(changes) { _, new in new }
        return try ClientMetadata(registering: .object(members))
    }

    private static let key: JSONValue = [
        "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "x5c": ["MAMCAQE="],
    ]

    @Test func `each of the five names is read, and reads back`() throws {
        let texts: [CertificateNameRule.Member: String] = [
            .subjectDN: "CN=billing,O=Example", .sanDNS: "billing.example", .sanURI: "spiffe://example/billing", .sanIP: "192.0.2.1",
            .sanEmail: "billing@example.org",
        ]
        for (member, text) in texts {
            let metadata = try register(["token_endpoint_auth_method": "tls_client_auth", member.rawValue: .string(text)])
            #expect(metadata.certificateName == (try CertificateNameRule(member, text)))
            #expect(metadata.json[member.rawValue]?.string == text)
            #expect(try ClientMetadata(registering: metadata.json) == metadata)
            #expect(!metadata.isPublic && !metadata.tokenEndpointAuthMethod.usesSecret)
        }
    }

    @Test func `two names are one too many`() {
        #expect(throws: OAuthError.self) {
            try register([
                "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=x",
                "tls_client_auth_san_dns": "x.example",
            ])
        }
    }

    @Test func `certificates of its own come as x5c, in every key`() throws {
        let method: JSONValue = "self_signed_tls_client_auth"
        let metadata = try register(["token_endpoint_auth_method": method, "jwks": ["keys": [Self.key]]])
        #expect(metadata.certificates?.contains([0x30, 3, 2, 1, 1]) == true)
        #expect(metadata.certificates?.contains([0x30, 3, 2, 1, 2]) == false)
        #expect(try ClientMetadata(registering: metadata.json) == metadata)
        var bare = try #require(Self.key.object)
        bare["x5c"] = nil
        var secret = try #require(Self.key.object)
        secret["d"] = "AA"
        for keys: JSONValue in [
            [], [.object(bare)], [Self.key, .object(bare)], [.object(secret)], ["x"], .array(Array(repeating: Self.key, count: 11)),
        ] {
            #expect(throws: OAuthError.self) { try register(["token_endpoint_auth_method": method, "jwks": ["keys": keys]]) }
        }
        #expect(throws: OAuthError.self) { try register(["token_endpoint_auth_method": method, "jwks_uri": "https://app.example/jwks"]) }
        #expect(throws: OAuthError.self) {
            try register([
                "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=x", "jwks": ["keys": [Self.key]],
            ])
        }
    }

    @Test func `binding is off unless asked for`() throws {
        #expect(try register([:]).isCertificateBound == false)
        #expect(try register([:]).json["tls_client_certificate_bound_access_tokens"] == nil)
        let bound = try register(["tls_client_certificate_bound_access_tokens": true])
        #expect(bound.isCertificateBound)
        #expect(try ClientMetadata(registering: bound.json) == bound)
    }
}
