import Credentials
import FoundationEssentials
import GatehouseServer
import HTTPTypes
import HummingbirdTesting
import OAuth
import OAuthProtocol
import Runtime
import TestKit
import Testing
import Web

/// RFC 9449: tokens that are good only with a proof of their key for each request.
@Suite struct DPoPBindingTests {
    private static func run(
        secret: String? = "app-secret", metadata: [String: JSONValue] = [:], configure: (inout Wiring.Parts) -> Void = { _ in },
        _ body: @escaping @Sendable (TestServer, TestFlow) async throws -> Void
    ) async throws {
        try await TestServer.run(configure: configure) { server in
            try await server.addUser()
            try await server.addClient(secret: secret, metadata: metadata)
            var flow = TestFlow(server)
            flow.secret = secret
            flow.prover = TestProver()
            try await body(server, flow)
        }
    }

    private static func reasons(_ server: TestServer) -> [String] {
        server.wiring.tally.take().filter { $0.kind.name == "dpop.refused" }.compactMap { $0.detail["reason"] }.sorted()
    }

    // MARK: Tokens are asked for

    @Test func `whoever sends a proof gets a token that names its key`() async throws {
        try await Self.run { server, flow in
            let prover = try #require(flow.prover)
            let tokens = try await flow.tokens()
            #expect(tokens["token_type"] == "DPoP")
            let token = try tokens.text("access_token")
            let claims = try await server.verified(token, type: "at+jwt").claims
            #expect(claims["cnf"] == ["jkt": .string(try prover.thumbprint)])
            let shown = try await server.introspect(token).json
            #expect(shown["cnf"] == claims["cnf"])
            #expect(shown["token_type"] == "DPoP")
            #expect(try await server.userInfo(token, prover).status == .ok)
        }
    }

    @Test func `a client's own tokens are bound, and those of an exchanged key`() async throws {
        try await Self.run { server, flow in
            let prover = try #require(flow.prover)
            let own = try await server.token(
                [("grant_type", "client_credentials"), ("scope", "notes:read")], proof: try prover.proof(now: server.clock.now))
            #expect(own.json["token_type"] == "DPoP")
            #expect(try TestServer.part(1, of: own.json.text("access_token"))["cnf"]?["jkt"]?.string == (try prover.thumbprint))
            try await server.addClient("manager", secret: "m") { $0.scopes = ["keys", "notes:read"] }
            let key = try await server.sendJSON(
                .post, "/v1/keys", ["name": "x", "scope": "notes:read"],
                bearer: try await server.clientToken(scope: "keys notes:read", basic: ("manager", "m")))
            let exchange = [
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", try key.json.text("key")),
                ("subject_token_type", "urn:gatehouse:params:oauth:token-type:api-key"),
            ]
            let exchanged = try await server.token(exchange, basic: nil, proof: try prover.proof(now: server.clock.now))
            #expect(exchanged.json["token_type"] == "DPoP", "\(exchanged.text)")
            #expect(try TestServer.part(1, of: exchanged.json.text("access_token"))["cnf"]?["jkt"]?.string == (try prover.thumbprint))
            #expect(try await server.token(exchange, basic: nil).json["token_type"] == "Bearer")
            #expect(try await server.token(exchange, basic: nil, proof: "x").errorCode == "invalid_dpop_proof")
        }
    }

    @Test func `a bad proof is a bad request, and the code is kept`() async throws {
        try await Self.run { server, flow in
            let prover = try #require(flow.prover)
            let code = try #require(try await flow.authorize().locationParameter("code"))
            let now = server.clock.now
            for proof in [
                "x", try prover.proof("GET", now: now), try prover.proof("POST", "https://other.example/oauth2/token", now: now),
                try prover.proof(now: now - .seconds(301)),
            ] {
                let refused = try await flow.redeem(code, proof: proof)
                #expect(refused.status == .badRequest && refused.errorCode == "invalid_dpop_proof")
                #expect(refused.headers[.wwwAuthenticate] == nil)
            }
            #expect(Self.reasons(server) == ["malformed", "stale", "wrong_method", "wrong_target"])
            #expect(try await flow.redeem(code).status == .ok)
        }
    }

    @Test func `a proof serves once, on all nodes`() async throws {
        try await Self.run { server, flow in
            let proof = try TestProver().proof(now: server.clock.now)
            let form = [("grant_type", "client_credentials"), ("scope", "notes:read")]
            #expect(try await server.token(form, proof: proof).status == .ok)
            #expect(try await server.token(form, proof: proof).errorCode == "invalid_dpop_proof")
            try await server.withSecondNode { other async throws in
                #expect(try await other.token(form, proof: proof).errorCode == "invalid_dpop_proof")
                #expect(Self.reasons(other) == ["replayed"])
            }
            #expect(Self.reasons(server) == ["replayed"])
        }
    }

    @Test func `a client that is declared so gets no token without a proof`() async throws {
        try await Self.run(metadata: ["dpop_bound_access_tokens": true]) { server, flow in
            let refused = try await server.token([("grant_type", "client_credentials")])
            #expect(refused.status == .badRequest && refused.errorCode == "invalid_dpop_proof")
            #expect(try await flow.tokens()["token_type"] == "DPoP")
        }
    }

    @Test func `tokens are bound to one thing`() async throws {
        try await Self.run(metadata: ["tls_client_certificate_bound_access_tokens": true]) { server, flow in
            let certificate = try TestAuthority.selfSigned("mine", now: server.clock.now).certificate
            let refused = try await server.token(
                [("grant_type", "client_credentials")], certificates: [certificate], proof: try TestProver().proof(now: server.clock.now))
            #expect(refused.status == .badRequest && refused.errorCode == "invalid_request")
            #expect(try await flow.authorize(["dpop_jkt": try TestProver().thumbprint]).locationParameter("error") == "invalid_request")
        }
        #expect(throws: OAuthError.self) {
            try ClientMetadata(
                registering: [
                    "redirect_uris": ["https://app.example/"], "dpop_bound_access_tokens": true,
                    "tls_client_certificate_bound_access_tokens": true,
                ])
        }
    }

    // MARK: Codes and refresh tokens

    @Test func `a code for one key is nothing for another`() async throws {
        for secret in ["app-secret", nil] {
            try await Self.run(secret: secret) { server, flow in
                let jkt = try #require(flow.prover).thumbprint
                let code = try #require(try await flow.authorize(["dpop_jkt": jkt]).locationParameter("code"))
                for prover in [nil, TestProver()] {
                    var thief = flow
                    thief.prover = prover
                    let refused = try await thief.redeem(code)
                    #expect(refused.status == .badRequest && refused.errorCode == "invalid_grant")
                }
                let tokens = try await flow.redeem(code)
                #expect(tokens.status == .ok)
                // A client that authenticates may change its key.
                var other = flow
                other.prover = TestProver()
                let refreshed = try await other.refresh(tokens.json.text("refresh_token"))
                #expect(refreshed.status == (secret == nil ? .badRequest : .ok))
                // Used again by whomever, it revokes what it gave.
                #expect(try await other.redeem(code).errorCode == "invalid_grant")
                #expect(try await TestRowStore(server.database).events().contains("authorization_code.reused"))
            }
        }
    }

    @Test func `the key of a code is checked before anybody signs in`() async throws {
        try await Self.run { _, flow async throws in
            for bad in ["x", "AAAA", String(repeating: "A", count: 44)] {
                #expect(try await flow.authorize(["dpop_jkt": bad]).locationParameter("error") == "invalid_request", "\(bad)")
            }
        }
    }

    @Test func `a public client's refresh token is bound, and stays so from one to the next`() async throws {
        try await Self.run(secret: nil) { server, flow in
            let first = try await flow.tokens().text("refresh_token")
            server.clock.advance(by: .seconds(1))
            for prover in [nil, TestProver()] {
                var thief = flow
                thief.prover = prover
                #expect(try await thief.refresh(first).errorCode == "invalid_grant")
            }
            let second = try await flow.refresh(first).json
            #expect(second["token_type"] == "DPoP")
            var thief = flow
            thief.prover = TestProver()
            #expect(try await thief.refresh(second.text("refresh_token")).errorCode == "invalid_grant")
            #expect(try await flow.refresh(second.text("refresh_token")).status == .ok)
        }
    }

    @Test func `what a refresh token is bound to is shown to its client`() async throws {
        try await Self.run(secret: nil) { server, flow in
            let jkt = try #require(flow.prover).thumbprint
            let token = try await flow.tokens().text("refresh_token")
            // Public clients are shown nothing; this one has learned to keep a secret since.
            try await server.changeClient("app") { client in
                client.metadata.tokenEndpointAuthMethod = .clientSecretBasic
                client.secretHash = .init(of: "app-secret")
            }
            let shown = try await server.introspect(token).json
            #expect(shown["active"] == true)
            #expect(shown["cnf"] == ["jkt": .string(jkt)])
        }
    }

    @Test func `a client that authenticates may change its key between refreshes`() async throws {
        try await Self.run { server, flow in
            let token = try await flow.tokens().text("refresh_token")
            var other = flow
            other.prover = TestProver()
            let answer = try await other.refresh(token).json
            let claims = try await server.verified(answer.text("access_token"), type: "at+jwt").claims
            #expect(claims["cnf"]?["jkt"]?.string == (try other.prover?.thumbprint))
        }
    }

    // MARK: Tokens are shown

    @Test func `a bound token needs the scheme, a fresh proof, and its own key`() async throws {
        try await Self.run { server, flow in
            let prover = try #require(flow.prover)
            let token = try await flow.tokens().text("access_token")
            let uri = TestServer.issuer + "/oauth2/userinfo"
            let now = server.clock.now
            let good = try prover.proof("GET", uri, token: token, now: now)
            func ask(_ scheme: String, _ proofs: [String]) async throws -> TestResponse {
                var headers: HTTPFields = [.authorization: "\(scheme) \(token)"]
                headers[values: .dpop] = proofs
                return try await server.get("/oauth2/userinfo", headers: headers)
            }
            for scheme in ["Bearer", "bearer"] {
                let refused = try await ask(scheme, [good])
                #expect(refused.status == .unauthorized && refused.errorCode == "invalid_token")
                #expect(refused.headers[.wwwAuthenticate]?.hasPrefix("DPoP ") == true)
                #expect(refused.headers[.wwwAuthenticate]?.contains(#"algs="ES256 EdDSA PS256 RS256""#) == true)
            }
            let bad = [
                [], [good, good], [try prover.proof("GET", uri, now: now)], [try prover.proof("GET", uri, token: token + "x", now: now)],
                [try TestProver().proof("GET", uri, token: token, now: now)], [try prover.proof("POST", uri, token: token, now: now)],
            ]
            for proofs in bad {
                let refused = try await ask("DPoP", proofs)
                #expect(refused.status == .unauthorized && refused.errorCode == "invalid_dpop_proof")
                #expect(refused.headers[.wwwAuthenticate]?.contains(#"error="invalid_dpop_proof""#) == true)
            }
            #expect(
                Self.reasons(server) == ["missing", "repeated", "wrong_claim", "wrong_key", "wrong_method", "wrong_token"])
            #expect(try await ask("dpop", [good]).status == .ok)
            #expect(try await ask("DPoP", [good]).errorCode == "invalid_dpop_proof")
            #expect(Self.reasons(server) == ["replayed"])
        }
    }

    @Test func `a bound token is never answered from memory alone`() async throws {
        try await Self.run { server, flow in
            let prover = try #require(flow.prover)
            func inMemory(_ header: String) throws -> Bool {
                let shown = try #require(try PresentedToken(authorization: header))
                return try server.wiring.verification.requireInPlace(shown, certificates: [], now: server.clock.now) != nil
            }
            let token = try await flow.tokens().text("access_token")
            #expect(try await server.userInfo(token, prover).status == .ok)
            #expect(try !inMemory("DPoP \(token)"))
            #expect(throws: OAuthError.self) { try inMemory("Bearer \(token)") }
            // Another's, which needs no proof, is.
            var bare = flow
            bare.prover = nil
            let other = try await bare.tokens().text("access_token")
            #expect(try await server.userInfo(other).status == .ok)
            #expect(try inMemory("Bearer \(other)"))
        }
    }

    @Test func `a token for any bearer, or for a certificate, is none for DPoP`() async throws {
        try await Self.run { server, flow in
            var bare = flow
            bare.prover = nil
            let token = try await bare.tokens().text("access_token")
            let refused = try await server.userInfo(token, TestProver())
            #expect(refused.status == .unauthorized && refused.errorCode == "invalid_token")
            #expect(try await server.userInfo(token).status == .ok)
        }
        try await Self.run(metadata: ["tls_client_certificate_bound_access_tokens": true]) { server, flow in
            var certified = flow
            certified.prover = nil
            certified.certificates = [try TestAuthority.selfSigned("mine", now: server.clock.now).certificate]
            let token = try await certified.tokens().text("access_token")
            #expect(try await server.userInfo(token, TestProver(), certificates: certified.certificates).errorCode == "invalid_token")
            #expect(try await server.userInfo(token, certificates: certified.certificates).status == .ok)
        }
    }

    @Test func `who shows nothing is told both schemes`() async throws {
        try await Self.run { server, _ in
            let challenge = try await server.get("/oauth2/userinfo").headers[.wwwAuthenticate]
            #expect(challenge == #"Bearer realm="gatehouse", DPoP realm="gatehouse", algs="ES256 EdDSA PS256 RS256""#)
        }
    }

    @Test func `the machine API takes a bound token with its proof only`() async throws {
        try await TestServer.run { server in
            try await server.addClient("manager") { $0.scopes = ["keys", "introspect"] }
            let prover = TestProver()
            let answer = try await server.token(
                [("grant_type", "client_credentials")], basic: ("manager", "app-secret"), proof: try prover.proof(now: server.clock.now))
            let token = try answer.json.text("access_token")
            let uri = TestServer.issuer + "/v1/keys"
            func ask(_ scheme: String, _ proof: String) async throws -> TestResponse {
                try await server.get(
                    "/v1/keys?after=a", headers: [.authorization: "\(scheme) \(token)", .dpop: proof])
            }
            let now = server.clock.now
            #expect(try await ask("DPoP", prover.proof("GET", uri, token: token, now: now)).status == .ok)
            let refused = try await ask("DPoP", TestProver().proof("GET", uri, token: token, now: now))
            #expect(refused.status == .unauthorized && refused.errorCode == "invalid_dpop_proof")
            // The second time it is in memory.
            for _ in 0..<2 {
                #expect(try await ask("Bearer", prover.proof("GET", uri, token: token, now: now)).errorCode == "invalid_token")
            }
            let asking: HTTPFields = [
                .authorization: "DPoP \(token)",
                .dpop: try prover.proof(
                    "POST", TestServer.issuer + "/oauth2/introspect", token: token, now: now),
            ]
            let shown = try await server.post("/oauth2/introspect", [("token", token)], headers: asking)
            #expect(shown.json["active"] == true, "\(shown.text)")
            let key = try await server.sendJSON(.post, "/v1/keys", ["name": "x"], bearer: nil)
            #expect(key.status == .unauthorized)
        }
    }

    @Test func `an API key is no token of DPoP`() async throws {
        try await TestServer.run { server in
            try await server.addClient("manager", secret: "m") { $0.scopes = ["keys"] }
            let issued = try await server.sendJSON(
                .post, "/v1/keys", ["name": "x", "scope": "keys"],
                bearer: try await server.clientToken(scope: "keys", basic: ("manager", "m")))
            let key = try issued.json.text("key")
            #expect(try await server.get("/v1/keys", headers: [.authorization: "Bearer \(key)"]).status == .ok)
            let proof = try TestProver().proof("GET", TestServer.issuer + "/v1/keys", token: key, now: server.clock.now)
            for headers: HTTPFields in [[.authorization: "DPoP \(key)"], [.authorization: "DPoP \(key)", .dpop: proof]] {
                let refused = try await server.get("/v1/keys", headers: headers)
                #expect(refused.status == .unauthorized && refused.errorCode == "invalid_token")
            }
        }
    }

    // MARK: Nonces

    @Test func `where nonces are asked for, each proof carries a recent one`() async throws {
        try await Self.run(configure: { $0.oauth.requiresDPoPNonces = true }) { server, flow in
            let prover = try #require(flow.prover)
            func ask(_ nonce: String?) async throws -> TestResponse {
                try await server.token(
                    [("grant_type", "client_credentials"), ("scope", "notes:read")],
                    proof: try prover.proof(nonce: nonce, now: server.clock.now))
            }
            let first = try await ask(nil)
            #expect(first.status == .badRequest && first.errorCode == "use_dpop_nonce")
            let nonce = try #require(first.headers[.dpopNonce])
            #expect(try await ask("AAAAAAAAAAAAAAAAAAAAAA").errorCode == "use_dpop_nonce")
            #expect(Self.reasons(server) == ["missing_nonce", "wrong_nonce"])
            let answer = try await ask(nonce)
            #expect(answer.status == .ok && answer.headers[.dpopNonce] == nonce)
            let token = try answer.json.text("access_token")
            // At a resource, with a challenge.
            let refused = try await server.userInfo(token, prover)
            #expect(refused.status == .unauthorized && refused.errorCode == "use_dpop_nonce")
            #expect(refused.headers[.wwwAuthenticate]?.contains(#"error="use_dpop_nonce""#) == true)
            #expect(refused.headers[.dpopNonce] == nonce)
            // Another node knows it, and it grows old.
            try await server.withSecondNode { other async throws in
                let form = [("grant_type", "client_credentials"), ("scope", "notes:read")]
                #expect(try await other.token(form, proof: try prover.proof(nonce: nonce, now: other.clock.now)).status == .ok)
            }
            server.clock.advance(by: .seconds(120))
            #expect(try await ask(nonce).status == .ok)
            server.clock.advance(by: .seconds(60))
            let old = try await ask(nonce)
            #expect(old.errorCode == "use_dpop_nonce")
            #expect(try await ask(old.headers[.dpopNonce]).status == .ok)
        }
    }
}
