import Credentials
import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuth
import OAuthProtocol
import Runtime
import TestKit
import Testing
import X509

/// RFC 8705 §2: a client proves itself by its certificate.
@Suite struct CertificateAuthenticationTests {
    private let authority: TestAuthority
    private let file: TestAuthorityFile
    private let start = ManualClock().now

    init() throws {
        authority = try TestAuthority(now: start)
        file = try TestAuthorityFile(authority)
    }

    private func run(_ body: @escaping @Sendable (TestServer) async throws -> Void) async throws {
        let path = file.path
        try await TestServer.run(configure: { $0.certificateFiles.authorities = [path] }, body)
    }

    private static func add(_ server: TestServer, id: String = "billing", _ metadata: [String: JSONValue]) async throws {
        var members: [String: JSONValue] = [
            "token_endpoint_auth_method": "tls_client_auth", "grant_types": ["client_credentials"], "redirect_uris": [],
        ]
        members.merge(metadata) { _, new in new }
        try await server.addClient(id, secret: nil, metadata: members)
    }

    private static func ask(
        _ server: TestServer, id: String = "billing", _ certificates: [[UInt8]], fields: [(String, String)] = []
    ) async throws -> TestResponse {
        try await server.token(
            [("grant_type", "client_credentials"), ("client_id", id)] + fields, basic: nil, certificates: certificates)
    }

    @Test func `a subject's name is compared part by part`() async throws {
        try await run { server in
            try await Self.add(server, ["tls_client_auth_subject_dn": "cn=Billing, o=EXAMPLE"])
            func holder(_ build: () throws -> X509.DistinguishedName) throws -> [UInt8] {
                try authority.issue(try build(), now: start).certificate
            }
            let good = try holder {
                try X509.DistinguishedName {
                    OrganizationName("Example")
                    CommonName("billing")
                }
            }
            let answer = try await Self.ask(server, [good])
            #expect(answer.status == .ok, "\(answer.text)")
            let misses = [
                try holder { try X509.DistinguishedName { CommonName("billing") } },
                try holder {
                    try X509.DistinguishedName {
                        CommonName("billing")
                        OrganizationName("Example")
                    }
                },
                try holder {
                    try X509.DistinguishedName {
                        OrganizationName("Example")
                        CommonName("billing2")
                    }
                },
                try holder {
                    try X509.DistinguishedName {
                        OrganizationName("Example")
                        OrganizationalUnitName("x")
                        CommonName("billing")
                    }
                },
                try holder { try X509.DistinguishedName { CommonName("billing,O=Example") } },
            ]
            for miss in misses {
                let refused = try await Self.ask(server, [miss])
                #expect(refused.status == .unauthorized && refused.errorCode == "invalid_client")
            }
        }
    }

    @Test func `an alternative name counts exactly and under its own kind`() async throws {
        try await run { server in
            try await Self.add(server, id: "dns", ["tls_client_auth_san_dns": "billing.example"])
            try await Self.add(server, id: "uri", ["tls_client_auth_san_uri": "spiffe://example/billing"])
            try await Self.add(server, id: "ip", ["tls_client_auth_san_ip": "192.0.2.7"])
            try await Self.add(server, id: "email", ["tls_client_auth_san_email": "billing@example.org"])
            func certificate(_ names: [GeneralName]) throws -> [UInt8] {
                try authority.issue("anybody", now: start) { $0.names = names }.certificate
            }
            let all = try certificate([
                .dnsName("other.example"), .dnsName("billing.example"), .uniformResourceIdentifier("spiffe://example/billing"),
                .ipAddress(.init(contentBytes: [192, 0, 2, 7])), .rfc822Name("billing@example.org"),
            ])
            for id in ["dns", "uri", "ip", "email"] { #expect(try await Self.ask(server, id: id, [all]).status == .ok, "\(id)") }
            let near = try certificate([
                .dnsName("x.billing.example"), .dnsName("*.example"), .dnsName("billing.example."), .dnsName("billing.example.org"),
                .uniformResourceIdentifier("spiffe://example/billing/"), .uniformResourceIdentifier("spiffe://example/Billing"),
                .ipAddress(.init(contentBytes: [192, 0, 2, 8])), .dnsName("192.0.2.7"), .rfc822Name("billing@example.com"),
                .dnsName("billing@example.org"), .uniformResourceIdentifier("billing.example"), .rfc822Name("billing.example"),
            ])
            let named = try authority.issue("billing.example", now: start).certificate
            for id in ["dns", "uri", "ip", "email"] {
                #expect(try await Self.ask(server, id: id, [near]).status == .unauthorized, "\(id)")
                #expect(try await Self.ask(server, id: id, [named]).status == .unauthorized, "\(id)")
            }
        }
    }

    @Test func `a certificate that is judged bad proves nothing, and the reason is on record`() async throws {
        try await run { server in
            try await Self.add(server, ["tls_client_auth_subject_dn": "CN=billing"])
            let now = start
            let other = try TestAuthority("Other", now: now)
            let cases: [(String, [[UInt8]])] = [
                ("missing", []), ("malformed", [[0x30]]),
                ("expired", [try authority.issue(now: now) { $0.notAfter = now - .seconds(10) }.certificate]),
                ("not_yet_valid", [try authority.issue(now: now) { $0.notBefore = now + .hours(1) }.certificate]),
                ("unknown_authority", [try other.issue(now: now).certificate, other.certificate]),
                ("unknown_authority", [try TestAuthority.selfSigned("billing", now: now).certificate]),
                ("wrong_purpose", [try authority.issue(now: now) { $0.usages = [.serverAuth] }.certificate]),
                ("wrong_subject", [try authority.issue("admin", now: now).certificate]),
            ]
            for (reason, chain) in cases {
                let answer = try await Self.ask(server, chain)
                #expect(answer.status == .unauthorized && answer.errorCode == "invalid_client", "\(reason)")
                // The same words for everybody.
                #expect(answer.json["error_description"]?.string == "client authentication failed")
                let events = server.wiring.tally.take().filter { $0.kind.name == "certificate.refused" }
                #expect(events.map { $0.detail["reason"] } == [reason])
                #expect(events.first?.clientID == "billing")
            }
        }
    }

    @Test func `client_id is required, and one method does not stand in for another`() async throws {
        try await run { server in
            try await Self.add(server, ["tls_client_auth_subject_dn": "CN=billing"])
            try await server.addClient("billing-by-secret", secret: "billing-secret")
            try await server.addClient("public", secret: nil)
            let certificate = try authority.issue("billing", now: start).certificate
            let nameless = try await server.token([("grant_type", "client_credentials")], basic: nil, certificates: [certificate])
            #expect(nameless.status == .unauthorized)
            #expect(try await Self.ask(server, id: "billing-by-secret", [certificate]).status == .unauthorized)
            #expect(try await Self.ask(server, [certificate], fields: [("client_secret", "x")]).status == .unauthorized)
            let basic = try await server.token(
                [("grant_type", "client_credentials")], basic: ("billing", ""), certificates: [certificate])
            #expect(basic.status == .unauthorized)
            #expect(try await Self.ask(server, id: "nobody", [certificate]).status == .unauthorized)
            #expect(try await Self.ask(server, [certificate]).status == .ok)
            // On a connection that brings a certificate along, a secret is still a secret.
            let secret = try await server.token(
                [("grant_type", "client_credentials")], basic: ("billing-by-secret", "billing-secret"), certificates: [certificate])
            #expect(secret.status == .ok)
        }
    }

    @Test func `a self-signed certificate is good for the client that registered it`() async throws {
        try await run { server in
            let holder = try TestAuthority.selfSigned("billing", now: start)
            let point = Array(holder.key.publicKey.x963Representation)
            let key: JSONValue = [
                "kty": "EC", "crv": "P-256", "x": .string(Base64URL.encode(point[1..<33])), "y": .string(Base64URL.encode(point[33...])),
                "x5c": [.string(Base64.encode(holder.certificate))],
            ]
            let metadata: [String: JSONValue] = [
                "token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": ["keys": [key]],
            ]
            try await Self.add(server, metadata)
            try await Self.add(server, id: "by-name", ["tls_client_auth_subject_dn": "CN=billing"])
            #expect(try await Self.ask(server, [holder.certificate]).status == .ok)
            #expect(try await Self.ask(server, id: "by-name", [holder.certificate]).status == .unauthorized)
            // Another of the same name, and one that a trusted authority made.
            #expect(try await Self.ask(server, [try TestAuthority.selfSigned("billing", now: start).certificate]).status == .unauthorized)
            #expect(try await Self.ask(server, [try authority.issue("billing", now: start).certificate]).status == .unauthorized)
            server.clock.advance(by: .days(31))
            #expect(try await Self.ask(server, [holder.certificate]).status == .unauthorized)
        }
    }

    @Test func `introspection and revocation know clients by their certificate`() async throws {
        try await run { server in
            try await server.addClient()
            try await Self.add(server, ["tls_client_auth_subject_dn": "CN=billing"])
            let certificate = try authority.issue("billing", now: start).certificate
            let token = try await Self.ask(server, [certificate]).json.text("access_token")
            let fields = [("client_id", "billing"), ("token", token)]
            let shown = try await server.post("/oauth2/introspect", fields, certificates: [certificate])
            #expect(shown.json["active"]?.bool == true)
            #expect(shown.json["cnf"]?["x5t#S256"]?.string == CertificateThumbprint(of: certificate).description)
            #expect(try await server.post("/oauth2/introspect", fields).status == .unauthorized)
            #expect(try await server.post("/oauth2/revoke", fields).status == .unauthorized)
            #expect(try await server.post("/oauth2/revoke", fields, certificates: [certificate]).status == .ok)
            #expect(try await server.post("/oauth2/introspect", fields, certificates: [certificate]).json["active"]?.bool == false)
        }
    }

    @Test func `discovery names the methods and that tokens can be bound`() async throws {
        try await run { server in
            let document = try await server.get("/.well-known/openid-configuration").json
            let methods = try #require(document["token_endpoint_auth_methods_supported"]?.strings)
            #expect(methods.contains("tls_client_auth") && methods.contains("self_signed_tls_client_auth") && methods.contains("none"))
            #expect(document["introspection_endpoint_auth_methods_supported"]?.strings?.contains("none") == false)
            #expect(document["tls_client_certificate_bound_access_tokens"]?.bool == true)
        }
    }

    @Test func `a client may say which of the trusted authorities vouch for it`() async throws {
        let (second, middle) = (try TestAuthority("Second", now: start), try authority.intermediate("Middle", now: start))
        let secondFile = try TestAuthorityFile(second)
        let (path, secondPath) = (file.path, secondFile.path)
        try await TestServer.run(configure: { $0.certificateFiles.authorities = [path, secondPath] }) { server in
            func name(_ authority: TestAuthority) -> JSONValue {
                .string(
                    CertificateThumbprint(of: authority.certificate).bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
            }
            let dn: [String: JSONValue] = ["tls_client_auth_subject_dn": "CN=billing"]
            try await Self.add(server, id: "any", dn)
            try await Self.add(server, id: "first", dn.merging(["tls_client_auth_authorities": [name(authority)]]) { $1 })
            try await Self.add(server, id: "middle", dn.merging(["tls_client_auth_authorities": [name(middle)]]) { $1 })
            try await Self.add(server, id: "local", dn.merging(["tls_client_auth_authorities": ["local"]]) { $1 })
            let byFirst = [try authority.issue("billing", now: start).certificate]
            let bySecond = [try second.issue("billing", now: start).certificate]
            let byMiddle = [try middle.issue("billing", now: start).certificate, middle.certificate]
            let cases: [(String, [[UInt8]], Bool)] = [
                ("any", byFirst, true), ("any", bySecond, true), ("any", byMiddle, true),
                ("first", byFirst, true), ("first", bySecond, false), ("first", byMiddle, true),
                ("middle", byFirst, false), ("middle", bySecond, false), ("middle", byMiddle, true),
                ("local", byFirst, false), ("local", bySecond, false),
            ]
            _ = server.wiring.tally.take()
            for (id, chain, passes) in cases {
                #expect(try await Self.ask(server, id: id, chain).status == (passes ? .ok : .unauthorized), "\(id)")
            }
            let reasons = server.wiring.tally.take().filter { $0.kind.name == "certificate.refused" }.map { $0.detail["reason"] }
            #expect(Set(reasons) == ["wrong_authority"])
        }
        withExtendedLifetime(secondFile) {}
    }

    @Test func `who registers itself names no authority`() throws {
        let json: JSONValue = [
            "token_endpoint_auth_method": "tls_client_auth", "redirect_uris": ["https://app.example/"],
            "tls_client_auth_san_dns": "a.example", "tls_client_auth_authorities": ["local"],
        ]
        #expect(try ClientMetadata(registering: json).certificateAuthorities.isEmpty)
        #expect(try ClientMetadata(registering: json, policy: .declared).certificateAuthorities == [.local])
        #expect(throws: OAuthError.self) {
            try ClientMetadata(
                registering: ["redirect_uris": ["https://app.example/"], "tls_client_auth_authorities": ["local"]], policy: .declared)
        }
    }
}
