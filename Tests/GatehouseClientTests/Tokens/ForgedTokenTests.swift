import Crypto
import FoundationEssentials
import GatehouseClient
import OAuthProtocol
import TestKit
import Testing

/// Tokens that somebody made who can sign, but not as the issuer does.
@Suite struct ForgedTokenTests {
    private func refusal(_ client: GatehouseClient, _ token: String, certificate: [UInt8]? = nil) async throws -> GatehouseRefusal? {
        do {
            _ = try await client.authenticate(token: token, certificate: certificate)
            return nil
        } catch GatehouseError.refused(let refusal) {
            return refusal
        }
    }

    private func run(_ body: @escaping @Sendable (ForeignIssuer, ForeignKey) async throws -> Void) async throws {
        try await ForeignIssuer.run { server in
            let key = ForeignKey()
            server.publish([key])
            try await body(server, key)
        }
    }

    @Test func `a good token says who calls`() async throws {
        try await run { server, key in
            let caller = try await server.client().authenticate(token: key.sign(server.claims()))
            #expect(caller.subject == "ada")
            #expect(caller.kind == .person)
            #expect(caller.clientID == "app")
            #expect(caller.proof == .accessToken)
            #expect(caller.scopes == ["notes:read", "notes:write"])
            #expect(caller.roles == ["admin"])
            #expect(caller.credentialID == "t1")
            #expect(caller.expiresAt == server.clock.now.addingTimeInterval(3_600))
            try caller.require("notes:read", "notes:write")
            #expect(throws: GatehouseError.insufficientScope(required: ["notes:read", "notes:erase"])) {
                try caller.require("notes:read", "notes:erase")
            }
        }
    }

    @Test func `a token whose subject is its client acts for a client`() async throws {
        try await run { server, key in
            let caller = try await server.client().authenticate(token: key.sign(server.claims(["sub": "app"])))
            #expect(caller.kind == .client)
        }
    }

    @Test func `claims that are wrong or missing are refused, each for its reason`() async throws {
        try await run { server, key in
            let now = Int64(server.clock.now.timeIntervalSince1970)
            let cases: [([String: JSONValue?], GatehouseRefusal)] = [
                (["iss": "https://evil.example"], .wrongIssuer), (["iss": .string(ForeignIssuer.issuer + "/")], .wrongIssuer),
                (["iss": nil], .wrongClaim), (["aud": "https://other.example"], .wrongAudience), (["aud": nil], .wrongAudience),
                (["aud": 7], .wrongAudience), (["aud": []], .wrongAudience), (["exp": nil], .wrongClaim),
                (["exp": .int(now - 10)], .expired),
                (["exp": "soon"], .wrongClaim), (["nbf": .int(now + 60)], .notYetValid), (["iat": .int(now + 60)], .notYetValid),
                (["sub": nil], .wrongClaim), (["sub": ""], .wrongClaim), (["client_id": nil], .wrongClaim),
                (["jti": nil], .wrongClaim), (["iat": nil], .wrongClaim), (["scope": ["notes:read"]], .wrongClaim),
                (["roles": "admin"], .wrongClaim),
            ]
            let client = try server.client()
            for (changes, expected) in cases {
                #expect(try await refusal(client, key.sign(server.claims(changes))) == expected, "\(changes)")
            }
            let several = try key.sign(server.claims(["aud": ["https://other.example", .string(ForeignIssuer.audience)]]))
            #expect(try await refusal(client, several) == nil)
        }
    }

    @Test func `a header that is wrong is refused before a key is looked at`() async throws {
        try await run { server, key in
            let client = try server.client()
            let claims = server.claims()
            #expect(try await refusal(client, ForeignKey.unsigned(claims)) == .wrongAlgorithm)
            #expect(try await refusal(client, key.signedWithPublicKey(claims)) == .wrongAlgorithm)
            #expect(try await refusal(client, key.sign(claims, header: ["typ": "JWT"])) == .wrongType)
            #expect(try await refusal(client, key.sign(claims, header: ["typ": nil])) == .wrongType)
            #expect(try await refusal(client, key.sign(claims, header: ["alg": "ES384"])) == .wrongAlgorithm)
            #expect(try await refusal(client, key.sign(claims, header: ["alg": "RS256"])) == .unknownKey)
            #expect(try await refusal(client, key.sign(claims, header: ["crit": ["exp"]])) == .malformed)
            #expect(try await refusal(client, "a.b") == .malformed)
            #expect(try await refusal(client, "") == .malformed)
            #expect(try await refusal(client, String(repeating: "a", count: 20_000)) == .tooLarge)
        }
    }

    @Test func `a key of the same id from elsewhere doesn't sign for the issuer`() async throws {
        try await run { server, key in
            let token = try ForeignKey(key.id).sign(server.claims())
            #expect(try await refusal(server.client(), token) == .signatureMismatch)
        }
    }

    @Test func `a flood of unknown keys asks for the keys once in ten seconds`() async throws {
        try await run { server, key in
            let client = try server.client()
            _ = try await client.authenticate(token: key.sign(server.claims()))
            #expect(server.count("/keys") == 1)
            try await withThrowingTaskGroup(of: GatehouseRefusal?.self) { group in
                for number in 0..<50 {
                    group.addTask { try await refusal(client, ForeignKey("x\(number)").sign(server.claims())) }
                }
                for try await refusal in group { #expect(refusal == .unknownKey) }
            }
            #expect(server.count("/keys") == 2)
            server.clock.advance(by: .seconds(9))
            #expect(try await refusal(client, ForeignKey("y").sign(server.claims())) == .unknownKey)
            #expect(server.count("/keys") == 2)
            server.clock.advance(by: .seconds(1))
            #expect(try await refusal(client, ForeignKey("y").sign(server.claims())) == .unknownKey)
            #expect(server.count("/keys") == 3)
        }
    }

    @Test func `keys that rotate are found, and withdrawn ones end`() async throws {
        try await run { server, key in
            let client = try server.client()
            let before = try key.sign(server.claims())
            _ = try await client.authenticate(token: before)
            let next = ForeignKey("k2")
            server.publish([next])
            _ = try await client.authenticate(token: next.sign(server.claims()))
            #expect(server.count("/keys") == 2)
            #expect(try await refusal(client, before) == .unknownKey)
        }
    }

    @Test func `a token that is bound to a certificate needs that certificate`() async throws {
        try await run { server, key in
            let client = try server.client()
            let certificate: [UInt8] = [48, 3, 1, 2, 3]
            let thumbprint = Base64URL.encode(SHA256.hash(data: certificate))
            let token = try key.sign(server.claims(["cnf": ["x5t#S256": .string(thumbprint)]]))
            #expect(try await refusal(client, token, certificate: certificate) == nil)
            #expect(try await refusal(client, token) == .wrongBinding)
            #expect(try await refusal(client, token, certificate: [48, 3, 1, 2, 4]) == .wrongBinding)
            // A token that isn't bound may come with any.
            #expect(try await refusal(client, key.sign(server.claims()), certificate: certificate) == nil)
            for other: JSONValue in [["jkt": "x"], "x", [:], ["x5t#S256": .string(thumbprint), "jkt": "x"]] {
                #expect(try await refusal(client, key.sign(server.claims(["cnf": other])), certificate: certificate) == .wrongBinding)
            }
        }
    }
}
