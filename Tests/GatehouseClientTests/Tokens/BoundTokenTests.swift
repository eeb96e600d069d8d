import FoundationEssentials
import GatehouseClient
import OAuthProtocol
import TestKit
import Testing

/// Tokens that are bound to a key, as a service receives them (RFC 9449 §7.1).
@Suite struct BoundTokenTests {
    private static let uri = "https://notes.example/notes"

    private func refusal(_ client: GatehouseClient, _ token: String, _ proof: GatehouseTokenProof?) async throws -> GatehouseRefusal? {
        do {
            _ = try await client.authenticate(token: token, proof: proof)
            return nil
        } catch GatehouseError.refused(let refusal) {
            return refusal
        }
    }

    private func proof(_ fields: String...) -> GatehouseTokenProof {
        GatehouseTokenProof(fields: fields, method: "GET", uri: Self.uri + "?tag=a")
    }

    @Test func `a bound token needs a fresh proof by its key, for this request`() async throws {
        try await ForeignIssuer.run { server in
            let key = ForeignKey()
            server.publish([key])
            let client = try server.client()
            let prover = TestProver()
            let token = try key.sign(server.claims(["cnf": ["jkt": .string(try prover.thumbprint)]]))
            let now = server.clock.now
            let good = try prover.proof("GET", Self.uri, token: token, now: now)
            let cases: [(GatehouseTokenProof?, GatehouseRefusal?)] = [
                (nil, .wrongBinding), (proof(), .wrongProof), (proof(good, good), .wrongProof), (proof("x"), .wrongProof),
                (proof(try TestProver().proof("GET", Self.uri, token: token, now: now)), .wrongBinding),
                (proof(try prover.proof("POST", Self.uri, token: token, now: now)), .wrongProof),
                (proof(try prover.proof("GET", "https://other.example/notes", token: token, now: now)), .wrongProof),
                (proof(try prover.proof("GET", Self.uri, token: token + "x", now: now)), .wrongProof),
                (proof(try prover.proof("GET", Self.uri, now: now)), .wrongProof),
                (proof(try prover.proof("GET", Self.uri, token: token, now: now - 301)), .stale),
                (proof(try prover.proof("GET", Self.uri, token: token, now: now + 11)), .notYetValid),
                (proof(good), nil), (proof(good), .replayed),
            ]
            for (shown, expected) in cases { #expect(try await refusal(client, token, shown) == expected) }
            // A token for any bearer is none for the scheme, nor is one for a certificate.
            for cnf: JSONValue? in [nil, ["x5t#S256": "AA"], ["jkt": .string(try prover.thumbprint), "x5t#S256": "AA"]] {
                let other = try key.sign(server.claims(["cnf": cnf]))
                let shown = proof(try prover.proof("GET", Self.uri, token: other, now: now))
                #expect(try await refusal(client, other, shown) == .wrongBinding)
            }
        }
    }

    @Test func `a bad token uses up no proof`() async throws {
        try await ForeignIssuer.run { server in
            let key = ForeignKey()
            server.publish([key])
            let client = try server.client { $0.nonceCountMax = 1 }
            let prover = TestProver()
            let claims: [String: JSONValue?] = ["cnf": ["jkt": .string(try prover.thumbprint)]]
            let expired = try key.sign(server.claims(claims.merging(["exp": 1]) { $1 }))
            let shown = proof(try prover.proof("GET", Self.uri, token: expired, now: server.clock.now))
            for _ in 0..<3 { #expect(try await refusal(client, expired, shown) == .expired) }
            let token = try key.sign(server.claims(claims))
            #expect(try await refusal(client, token, proof(try prover.proof("GET", Self.uri, token: token, now: server.clock.now))) == nil)
            // There is no room for another: nothing is forgotten for its sake.
            await #expect(throws: GatehouseError.self) {
                try await client.authenticate(
                    token: token, proof: proof(try prover.proof("GET", Self.uri, token: token, now: server.clock.now)))
            }
        }
    }

    @Test func `the server's own bound token is accepted by its keys and by introspection`() async throws {
        try await LiveServer.run { live in
            let prover = TestProver()
            let now = live.clock.now
            let answer = try await live.server.token(
                [("grant_type", "client_credentials"), ("scope", "notes:read")], proof: try prover.proof(now: now))
            let token = try answer.json.text("access_token")
            let client = try live.client()
            let caller = try await client.authenticate(
                token: token, proof: proof(try prover.proof("GET", Self.uri, token: token, now: now)))
            #expect(caller.clientID == "app")
            let introspected = try await client.introspect(
                token, proof: proof(try prover.proof("GET", Self.uri, token: token, now: now)))
            #expect(introspected == caller)
            for shown in [nil, proof(try TestProver().proof("GET", Self.uri, token: token, now: now))] {
                await #expect(throws: GatehouseError.refused(.wrongBinding)) { try await client.introspect(token, proof: shown) }
            }
        }
    }
}
