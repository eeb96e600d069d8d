import Credentials
import FoundationEssentials
import GatehouseServer
import Gateway
import HTTPTypes
import HummingbirdTesting
import OAuth
import OAuthProtocol
import Runtime
import TestKit
import Testing

/// A certificate alone says who calls the machine API.
@Suite struct CertificateCallerTests {
    private let authority: TestAuthority
    private let file: TestAuthorityFile
    private let start = ManualClock().now

    init() throws {
        authority = try TestAuthority(now: start)
        file = try TestAuthorityFile(authority)
    }

    private func run(
        configure: (inout Wiring.Parts) -> Void = { _ in }, _ body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        let path = file.path
        try await TestServer.run(
            configure: { parts in
                parts.certificateFiles.authorities = [path]
                configure(&parts)
            }, body)
    }

    private static func add(_ server: TestServer, _ id: String = "billing", dn: String = "CN=billing") async throws {
        try await server.addClient(
            id, secret: nil,
            metadata: [
                "token_endpoint_auth_method": "tls_client_auth", "grant_types": ["client_credentials"], "redirect_uris": [],
                "tls_client_auth_subject_dn": .string(dn),
            ]
        ) { $0.scopes = ["keys", "introspect"] }
    }

    private static func status(_ server: TestServer, _ certificates: [[UInt8]]) async throws -> HTTPResponse.Status {
        try await server.get("/v1/keys", certificates: certificates).status
    }

    private static func reasons(_ server: TestServer) -> [String?] {
        server.wiring.tally.take().filter { $0.kind.name == "certificate.refused" }.map { $0.detail["reason"] }
    }

    @Test func `the client that registered the name calls`() async throws {
        try await run { server in
            try await Self.add(server)
            let certificate = try authority.issue("billing", now: start).certificate
            #expect(try await Self.status(server, [certificate]) == .ok)
            #expect(try await Self.status(server, []) == .unauthorized)
            let token = try await server.token(
                [("grant_type", "client_credentials"), ("client_id", "billing")], basic: nil, certificates: [certificate])
            let shown = try await server.post(
                "/oauth2/introspect", [("token", try token.json.text("access_token"))], certificates: [certificate])
            #expect(shown.json["active"]?.bool == true)
        }
    }

    @Test func `who is nobody's, refused or ambiguous does not call`() async throws {
        try await run { server in
            try await Self.add(server)
            let now = start
            #expect(try await Self.status(server, [try authority.issue("admin", now: now).certificate]) == .unauthorized)
            #expect(Self.reasons(server) == ["unknown_owner"])
            #expect(
                try await Self.status(server, [try TestAuthority("x", now: now).issue("billing", now: now).certificate]) == .unauthorized)
            #expect(Self.reasons(server) == ["unknown_authority"])
            let expired = try authority.issue("billing", now: now) { $0.notAfter = now - .seconds(9) }
            #expect(try await Self.status(server, [expired.certificate]) == .unauthorized)
            #expect(Self.reasons(server) == ["expired"])
            let good = try authority.issue("billing", now: now).certificate
            #expect(try await Self.status(server, [good]) == .ok)
            try await Self.add(server, "twin")
            server.wiring.clients.flush()
            #expect(try await Self.status(server, [good]) == .unauthorized)
            #expect(Self.reasons(server) == ["unknown_owner"])
        }
    }

    @Test func `a client that registered itself can't take another's name`() async throws {
        try await run { server in
            try await server.addClient(
                "impostor", secret: nil,
                metadata: [
                    "token_endpoint_auth_method": "tls_client_auth", "grant_types": ["client_credentials"], "redirect_uris": [],
                    "tls_client_auth_subject_dn": "CN=billing",
                ]
            ) { client in
                client.origin = .registered
                client.scopes = ["keys"]
            }
            let good = try authority.issue("billing", now: start).certificate
            #expect(try await Self.status(server, [good]) == .unauthorized)
            try await Self.add(server)
            server.clock.advance(by: .seconds(6))
            #expect(try await Self.status(server, [good]) == .ok)
        }
    }

    @Test func `a disabled or erased client calls no more`() async throws {
        try await run { server in
            try await Self.add(server)
            let good = try authority.issue("billing", now: start).certificate
            #expect(try await Self.status(server, [good]) == .ok)
            let now = server.clock.now
            try await server.changeClient("billing") { $0.disabledAt = now }
            #expect(try await Self.status(server, [good]) == .unauthorized)
        }
    }

    @Test func `a certificate of our own authority stands for its client, with the scopes on record`() async throws {
        try await run { server in
            try await server.addClient("worker", secret: "worker-secret") { $0.scopes = ["keys", "introspect", "notes:read"] }
            let issuance = server.wiring.certificateIssuance
            let now = server.clock.now
            _ = try await issuance.makeAuthority(name: "Local", permitted: [], by: "test", now: now)
            func issue(_ scopes: ScopeSet) async throws -> CertificateIssuance.Issued {
                var wish = CertificateIssuance.Wish(purpose: .client, commonName: "worker", lifetime: .days(30))
                wish.clientID = "worker"
                wish.scopes = scopes
                return try await issuance.issue(wish, request: nil, by: "test", now: now)
            }
            let may = try await issue(["keys"])
            let mayNot = try await issue(["notes:read"])
            #expect(try await Self.status(server, [may.certificate]) == .ok)
            #expect(try await Self.status(server, [mayNot.certificate]) == .forbidden)
            try await server.changeClient("worker") { $0.scopes = ["notes:read"] }
            #expect(try await Self.status(server, [may.certificate]) == .forbidden)
            try await server.changeClient("worker") { $0.scopes = ["keys"] }
            #expect(try await Self.status(server, [may.certificate]) == .ok)
            _ = try await issuance.revoke(may.serial, reason: .unspecified, by: "test", now: now)
            #expect(try await Self.status(server, [may.certificate]) == .unauthorized)
        }
    }

    @Test func `certificates can be switched off, and say nothing then`() async throws {
        try await run(configure: { $0.callerProofs.remove(.clientCertificate) }) { server in
            try await Self.add(server)
            let answer = try await server.get("/v1/keys", certificates: [try authority.issue("billing", now: start).certificate])
            #expect(answer.status == .unauthorized)
            #expect(Self.reasons(server) == [])
        }
    }

    @Test func `an Authorization header counts before a certificate`() async throws {
        try await run { server in
            try await Self.add(server)
            let good = try authority.issue("billing", now: start).certificate
            let answer = try await server.get("/v1/keys", headers: [.authorization: "Bearer x.y.z"], certificates: [good])
            #expect(answer.status == .unauthorized)
        }
    }

    @Test func `a client's own choice of authorities counts here, too`() async throws {
        try await run { server in
            try await Self.add(server)
            let foreign = try authority.issue("billing", now: start).certificate
            #expect(try await Self.status(server, [foreign]) == .ok)
            try await server.changeClient("billing") { $0.metadata.certificateAuthorities = [.local] }
            #expect(try await Self.status(server, [foreign]) == .unauthorized)
            #expect(Self.reasons(server) == ["wrong_authority"])
        }
    }

    @Test func `a proxy's signature doesn't hide who asks about a token`() async throws {
        try await run { server in
            try await Self.add(server)
            let now = server.clock.now
            let own = try TestAuthority.selfSigned("mine", now: now)
            let point = Array(own.key.publicKey.x963Representation)
            var key = try #require(JWK(.p256(x: Array(point[1..<33]), y: Array(point[33...]))).json.object)
            key["x5c"] = .strings([Base64.encode(own.certificate)])
            try await server.addClient(
                "self-signed", secret: nil,
                metadata: [
                    "token_endpoint_auth_method": "self_signed_tls_client_auth", "grant_types": ["client_credentials"],
                    "redirect_uris": [], "jwks": .object(["keys": .array([.object(key)])]),
                ])
            let form = [("client_id", "self-signed")]
            let token = try await server.token(
                [("grant_type", "client_credentials")] + form, basic: nil, certificates: [own.certificate]
            ).json.text("access_token")
            let signed: HTTPFields = [
                try #require(HTTPField.Name("Signature-Input")): #"proxy=("@method");keyid="proxy""#,
                try #require(HTTPField.Name("Signature")): "proxy=:AQI=:",
            ]
            let shown = try await server.post(
                "/oauth2/introspect", [("token", token)] + form, headers: signed, certificates: [own.certificate])
            #expect(shown.json["active"] == true, "\(shown.text)")
            // One under a key of ours is a second proof, and fails as one.
            let ours: HTTPFields = [
                try #require(HTTPField.Name("Signature-Input")): #"sig=("@method");keyid="sig_0000000000000000""#,
                try #require(HTTPField.Name("Signature")): "sig=:AQI=:",
            ]
            let refused = try await server.post(
                "/oauth2/introspect", [("token", token)] + form, headers: ours, certificates: [own.certificate])
            #expect(refused.status == .unauthorized)
        }
    }
}
