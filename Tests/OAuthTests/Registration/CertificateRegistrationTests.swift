import HummingbirdTesting
import OAuth
import OAuthProtocol
import TestKit
import Testing

/// A client that registers itself names its certificate (RFC 8705 §2).
@Suite struct CertificateRegistrationTests {
    private static let base: [String: JSONValue] = ["redirect_uris": ["https://new.example/callback"]]

    private func register(_ server: TestServer, _ changes: [String: JSONValue]) async throws -> TestResponse {
        try await server.sendJSON(.post, "/oauth2/register", .object(Self.base.merging(changes) { _, new in new }))
    }

    private static func key(of holder: TestAuthority.Holder, certificate: [UInt8]? = nil) -> JSONValue {
        let point = Array(holder.key.publicKey.x963Representation)
        return [
            "kty": "EC", "crv": "P-256", "x": .string(Base64URL.encode(point[1..<33])), "y": .string(Base64URL.encode(point[33...])),
            "x5c": [.string(Base64.encode(certificate ?? holder.certificate))],
        ]
    }

    @Test func `it gets no secret, and is told what it registered`() async throws {
        try await TestServer.run(configure: { $0.oauth.registration = .open }) { server in
            let answer = try await register(
                server,
                [
                    "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=new,O=Example",
                    "tls_client_certificate_bound_access_tokens": true,
                ])
            #expect(answer.status == .created, "\(answer.text)")
            #expect(answer.json["client_secret"] == nil && answer.json["client_secret_expires_at"] == nil)
            #expect(answer.json["tls_client_auth_subject_dn"]?.string == "CN=new,O=Example")
            #expect(answer.json["tls_client_certificate_bound_access_tokens"]?.bool == true)
        }
    }

    @Test func `certificate and key of one entry go together`() async throws {
        try await TestServer.run(configure: { $0.oauth.registration = .open }) { server in
            let holder = try TestAuthority.selfSigned("new", now: server.clock.now)
            let other = try TestAuthority.selfSigned("new", now: server.clock.now)
            let method: JSONValue = "self_signed_tls_client_auth"
            let good = try await register(server, ["token_endpoint_auth_method": method, "jwks": ["keys": [Self.key(of: holder)]]])
            #expect(good.status == .created, "\(good.text)")
            for certificate in [other.certificate, [0x30, 0], holder.certificate + [0]] {
                let bad = try await register(
                    server,
                    ["token_endpoint_auth_method": method, "jwks": ["keys": [Self.key(of: holder, certificate: certificate)]]])
                #expect(bad.status == .badRequest && bad.errorCode == "invalid_client_metadata")
            }
        }
    }

    @Test func `what is half a registration is refused`() async throws {
        try await TestServer.run(configure: { $0.oauth.registration = .open }) { server in
            let cases: [[String: JSONValue]] = [
                ["token_endpoint_auth_method": "tls_client_auth"],
                ["token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "billing"],
                ["token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "*.example"],
                ["token_endpoint_auth_method": "self_signed_tls_client_auth"],
                ["token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks_uri": "https://new.example/jwks"],
                ["tls_client_auth_subject_dn": "CN=new"],
            ]
            for members in cases {
                let answer = try await register(server, members)
                #expect(answer.status == .badRequest && answer.errorCode == "invalid_client_metadata", "\(members)")
            }
        }
    }

    @Test func `a client can't change from a secret to a certificate`() async throws {
        try await TestServer.run(configure: { $0.oauth.registration = .open }) { server in
            let registered = try await register(server, [:]).json
            let id = try registered.text("client_id")
            let changed = Self.base.merging([
                "client_id": .string(id), "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=new",
            ]) { _, new in new }
            let answer = try await server.sendJSON(
                .put, "/oauth2/register/\(id)", .object(changed), bearer: registered.text("registration_access_token"))
            #expect(answer.status == .badRequest && answer.errorCode == "invalid_client_metadata")
        }
    }
}
