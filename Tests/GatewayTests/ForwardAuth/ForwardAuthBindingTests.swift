import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import TestKit
import Testing
import Web

@testable import Gateway

/// Bound tokens at the door (RFC 8705 §3).
@Suite struct ForwardAuthBindingTests {
    @Test(arguments: DoorExample.dialects)
    func `a token that is bound to a certificate does not pass without it`(dialect: String) async throws {
        try await DoorExample.run([DoorExample.api { $0.scopes = ["notes:read"] }]) { door async throws in
            try await door.server.addClient(
                "bound", secret: "bound-secret", metadata: ["tls_client_certificate_bound_access_tokens": true])
            let certificate = try TestAuthority.selfSigned("bound", now: door.server.clock.now).certificate
            let answer = try await door.server.token(
                [("grant_type", "client_credentials"), ("scope", "notes:read")], basic: ("bound", "bound-secret"),
                certificates: [certificate])
            let token = try answer.json.text("access_token")
            // The second time it is answered from memory.
            for _ in 0..<2 { #expect(try await door.ask(dialect, bearer: token).status == 401) }
        }
    }

    @Test(arguments: DoorExample.dialects)
    func `a token that is bound to a key passes with a proof for the original request, once`(dialect: String) async throws {
        try await DoorExample.run([DoorExample.api { $0.scopes = ["notes:read"] }]) { door async throws in
            let prover = TestProver()
            let now = door.server.clock.now
            let answer = try await door.server.token(
                [("grant_type", "client_credentials"), ("scope", "notes:read")], proof: try prover.proof(now: now))
            let token = try answer.json.text("access_token")
            func ask(_ scheme: String, _ proof: String?) async throws -> DoorAnswer {
                var sent = DoorExample.Sent(method: "POST", target: "/notes?x=y")
                sent.headers[.authorization] = "\(scheme) \(token)"
                sent.headers[.dpop] = proof
                return try await door.ask(dialect, sent)
            }
            let good = try prover.proof("POST", "https://app.example.org/notes", token: token, now: now)
            let passed = try await ask("DPoP", good)
            #expect(passed.status == 200)
            #expect(passed["X-Gatehouse-Kind"] == "access_token")
            let bad = [
                good, nil, try prover.proof("GET", "https://app.example.org/notes", token: token, now: now),
                try prover.proof("POST", "https://app.example.org/others", token: token, now: now),
                try prover.proof("POST", "http://localhost:8080/gateway/check/\(dialect)", token: token, now: now),
                try TestProver().proof("POST", "https://app.example.org/notes", token: token, now: now),
            ]
            _ = door.server.wiring.tally.take()
            for proof in bad {
                let refused = try await ask("DPoP", proof)
                #expect(refused.status == 401)
                #expect(refused["WWW-Authenticate"]?.hasPrefix(#"DPoP realm="gatehouse", error="invalid_dpop_proof""#) == true)
            }
            let reasons = door.server.wiring.tally.take().filter { $0.kind.name == "door.refused" }.compactMap { $0.detail["reason"] }
            #expect(
                reasons.sorted() == ["missing", "replayed", "wrong_key", "wrong_method", "wrong_target"].map { "DPoP: \($0)" })
            // The second time it is in memory.
            for _ in 0..<2 {
                let refused = try await ask("Bearer", try prover.proof("POST", "https://app.example.org/notes", token: token, now: now))
                #expect(refused.status == 401)
                #expect(refused["WWW-Authenticate"]?.contains(#"error="invalid_token""#) == true)
            }
        }
    }

    @Test func `the door hands nonces on`() async throws {
        try await DoorExample.run([DoorExample.api()], configureServer: { $0.oauth.requiresDPoPNonces = true }) { door async throws in
            let prover = TestProver()
            let now = door.server.clock.now
            func request(_ nonce: String?) async throws -> TestResponse {
                try await door.server.token(
                    [("grant_type", "client_credentials"), ("scope", "notes:read")], proof: try prover.proof(nonce: nonce, now: now))
            }
            let nonce = try await request(nil).headers[.dpopNonce]
            let token = try await request(nonce).json.text("access_token")
            var sent = DoorExample.Sent()
            sent.headers[.authorization] = "DPoP \(token)"
            sent.headers[.dpop] = try prover.proof("GET", DoorExample.origin + "/", token: token, now: now)
            let refused = try await door.ask("caddy", sent)
            #expect(refused.status == 401)
            #expect(refused["DPoP-Nonce"] == nonce)
            sent.headers[.dpop] = try prover.proof("GET", DoorExample.origin + "/", token: token, nonce: nonce, now: now)
            #expect(try await door.ask("caddy", sent).status == 200)
        }
    }
}
