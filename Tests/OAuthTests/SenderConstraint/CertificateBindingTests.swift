import Credentials
import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuth
import OAuthProtocol
import Runtime
import TestKit
import Testing

/// RFC 8705 §3 and §4: tokens that are good only in the hands of whoever holds the certificate's key.
@Suite struct CertificateBindingTests {
    private static let bound: [String: JSONValue] = ["tls_client_certificate_bound_access_tokens": true]

    private func run(
        secret: String?, metadata: [String: JSONValue] = bound,
        _ body: @escaping @Sendable (TestServer, TestFlow, _ mine: [UInt8], _ other: [UInt8]) async throws -> Void
    ) async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient(secret: secret, metadata: metadata)
            // Nobody vouches for either: possession is all that binding needs.
            let mine = try TestAuthority.selfSigned("mine", now: server.clock.now).certificate
            let other = try TestAuthority.selfSigned("mine", now: server.clock.now).certificate
            var flow = TestFlow(server)
            flow.secret = secret
            flow.certificates = [mine]
            try await body(server, flow, mine, other)
        }
    }

    @Test func `a bound access token names the certificate, and is refused without it`() async throws {
        try await run(secret: "app-secret") { server, flow, mine, other in
            let token = try await flow.tokens().text("access_token")
            let claims = try await server.verified(token, type: "at+jwt").claims
            #expect(claims["cnf"] == ["x5t#S256": .string(CertificateThumbprint(of: mine).description)])
            #expect(try await server.userInfo(token, certificates: [mine]).status == .ok)
            for certificates in [[], [other], [other, mine]] {
                let refused = try await server.userInfo(token, certificates: certificates)
                #expect(refused.status == .unauthorized && refused.errorCode == "invalid_token")
            }
            #expect(try await server.introspect(token).json["cnf"] == claims["cnf"])
        }
    }

    @Test func `without a certificate such a client gets no token, and keeps its code`() async throws {
        try await run(secret: "app-secret") { server, flow, mine, _ in
            let code = try #require(try await flow.authorize().locationParameter("code"))
            var bare = flow
            bare.certificates = []
            let refused = try await bare.redeem(code)
            #expect(refused.status == .badRequest && refused.errorCode == "invalid_request")
            #expect(try await flow.redeem(code).status == .ok)
        }
    }

    @Test func `a client that asks for no binding gets none`() async throws {
        try await run(secret: "app-secret", metadata: [:]) { server, flow, mine, _ in
            let tokens = try await flow.tokens()
            #expect(try await server.verified(tokens.text("access_token"), type: "at+jwt").claims["cnf"] == nil)
            #expect(try await server.userInfo(tokens.text("access_token")).status == .ok)
            var bare = flow
            bare.certificates = []
            #expect(try await bare.refresh(tokens.text("refresh_token")).status == .ok)
        }
    }

    @Test func `a public client's refresh token is bound, and stays so from one to the next`() async throws {
        try await run(secret: nil) { server, flow, mine, other in
            let first = try await flow.tokens().text("refresh_token")
            var thief = flow
            thief.certificates = [other]
            server.clock.advance(by: .seconds(1))
            let refused = try await thief.refresh(first)
            #expect(refused.status == .badRequest && refused.errorCode == "invalid_grant")
            let second = try await flow.refresh(first).json.text("refresh_token")
            #expect(try await thief.refresh(second).errorCode == "invalid_grant")
            // Within the grace window the predecessor answers the same sender alone.
            #expect(try await thief.refresh(first).errorCode == "invalid_grant")
            let again = try await flow.refresh(first).json
            #expect(again["refresh_token"]?.string == second)
            let claims = try await server.verified(again.text("access_token"), type: "at+jwt").claims
            #expect(claims["cnf"]?["x5t#S256"]?.string == CertificateThumbprint(of: mine).description)
            // A copy in other hands revokes nothing.
            server.clock.advance(by: .minutes(1))
            #expect(try await thief.refresh(first).errorCode == "invalid_grant")
            #expect(try await flow.refresh(second).status == .ok)
            // The holder's own late replay does.
            server.clock.advance(by: .minutes(1))
            #expect(try await flow.refresh(first).errorCode == "invalid_grant")
            #expect(try await TestRowStore(server.database).events().contains("refresh_token.reused"))
        }
    }

    @Test func `the binding outlives the client's wish for it`() async throws {
        try await run(secret: nil) { server, flow, _, _ in
            let token = try await flow.tokens().text("refresh_token")
            try await server.changeClient("app") { $0.metadata.isCertificateBound = false }
            var bare = flow
            bare.certificates = []
            #expect(try await bare.refresh(token).errorCode == "invalid_grant")
            #expect(try await flow.refresh(token).status == .ok)
        }
    }

    @Test func `a confidential client may change its certificate between refreshes`() async throws {
        try await run(secret: "app-secret") { server, flow, _, other in
            let token = try await flow.tokens().text("refresh_token")
            var renewed = flow
            renewed.certificates = [other]
            let answer = try await renewed.refresh(token).json
            let claims = try await server.verified(answer.text("access_token"), type: "at+jwt").claims
            #expect(claims["cnf"]?["x5t#S256"]?.string == CertificateThumbprint(of: other).description)
        }
    }

    @Test func `the machine API takes a bound token with its certificate only`() async throws {
        try await TestServer.run { server in
            try await server.addClient("manager", metadata: Self.bound) { $0.scopes = ["keys", "introspect"] }
            let mine = try TestAuthority.selfSigned("mine", now: server.clock.now).certificate
            let other = try TestAuthority.selfSigned("mine", now: server.clock.now).certificate
            let answer = try await server.token(
                [("grant_type", "client_credentials")], basic: ("manager", "app-secret"), certificates: [mine])
            let token = try answer.json.text("access_token")
            let headers: HTTPFields = [.authorization: "Bearer \(token)"]
            #expect(try await server.get("/v1/keys", headers: headers, certificates: [mine]).status == .ok)
            #expect(try await server.get("/v1/keys", headers: headers, certificates: [other]).status == .unauthorized)
            #expect(try await server.get("/v1/keys", headers: headers).status == .unauthorized)
            let fields = [("token", token)]
            #expect(try await server.post("/oauth2/introspect", fields, headers: headers, certificates: [mine]).status == .ok)
            #expect(try await server.post("/oauth2/introspect", fields, headers: headers).status == .unauthorized)
        }
    }
}
