import FoundationEssentials
import GatehouseClient
import HTTPTypes
import OAuthProtocol
import TestKit
import Testing

/// Tokens that this service has bound to a key of its own, and the proofs that it sends with them (RFC 9449).
@Suite struct ProvenTokenTests {
    private static let secret = GatehouseCredentials.clientSecret(id: "notes", secret: "notes-secret")
    private static let token = GatehouseCredentials.clientToken(id: "notes", secret: "notes-secret")

    private func nonceName() throws -> HTTPField.Name { try #require(HTTPField.Name("DPoP-Nonce")) }

    /// Header and claims of the proof in a request.
    private func proof(_ headers: HTTPFields?) throws -> (header: JSONValue, claims: JSONValue) {
        let name = try #require(HTTPField.Name("DPoP"))
        let field = try #require(headers?[name])
        return (try TestServer.part(0, of: field), try TestServer.part(1, of: field))
    }

    private func value(_ name: String, _ fields: [GatehouseMessage.Field]) -> String? {
        fields.first { $0.name == name }?.value
    }

    private func grant(_ text: String = "one", type: String = "DPoP", nonce: String? = nil) throws -> ForeignIssuer.Answer {
        var answer = ForeignIssuer.Answer(
            body: ["access_token": .string(text), "token_type": .string(type), "expires_in": 300, "scope": "notes:read"])
        if let nonce { answer.headers[try nonceName()] = nonce }
        return answer
    }

    // MARK: The key

    @Test func `a key outlives the process in either form, and prints nothing`() throws {
        let key = GatehouseProofKey()
        #expect(try GatehouseProofKey(pemRepresentation: key.pemRepresentation).thumbprint == key.thumbprint)
        #expect(try GatehouseProofKey(rawRepresentation: key.rawRepresentation).thumbprint == key.thumbprint)
        #expect(GatehouseProofKey().thumbprint != key.thumbprint)
        #expect(throws: GatehouseError.self) { try GatehouseProofKey(pemRepresentation: "x") }
        #expect(throws: GatehouseError.self) { try GatehouseProofKey(rawRepresentation: [1, 2, 3]) }
        var dumped = ""
        dump(key, to: &dumped)
        #expect(dumped == "- GatehouseProofKey(\(key.thumbprint), …)\n" || !dumped.contains("P256"))
        #expect("\(key)" == "GatehouseProofKey(\(key.thumbprint), …)")
    }

    // MARK: At the token endpoint

    @Test func `a token request carries a proof for the issuer's own address, and no two are alike`() async throws {
        try await ForeignIssuer.run { server in
            let key = GatehouseProofKey()
            let client = try server.client(Self.secret, proofKey: key)
            server.answer("/token", try grant())
            var identifiers: Set<String> = []
            for scope in ["a", "b"] {
                let token = try await client.token(scopes: [scope])
                #expect(token.isBound)
                let (header, claims) = try proof(server.request("/token")?.headers)
                #expect(header["typ"] == "dpop+jwt" && header["alg"] == "ES256")
                #expect(header["jwk"]?.object?.keys.sorted() == ["crv", "kty", "x", "y"])
                #expect(try JWK(parsing: header["jwk"] ?? .null).thumbprint == key.thumbprint)
                #expect(claims["htm"] == "POST" && claims["htu"]?.string == ForeignIssuer.issuer + "/token")
                #expect(claims["iat"] == .int(Int64(server.clock.now.timeIntervalSince1970)))
                #expect(claims["ath"] == nil && claims["nonce"] == nil)
                identifiers.insert(try #require(claims["jti"]?.string))
            }
            #expect(identifiers.count == 2)
        }
    }

    @Test func `a bearer's token is not used where a bound one was asked for`() async throws {
        try await ForeignIssuer.run { server in
            server.answer("/token", try grant(type: "Bearer"))
            let client = try server.client(Self.secret, proofKey: GatehouseProofKey())
            await #expect(throws: GatehouseError.unavailable("a token that can't be used")) { try await client.token() }
        }
    }

    @Test func `a refusal for want of a nonce is met once`() async throws {
        try await ForeignIssuer.run { server in
            let client = try server.client(Self.secret, proofKey: GatehouseProofKey())
            let name = try nonceName()
            func refuse(_ code: String, _ nonces: [String], status: Int = 400) async throws -> Int {
                var answer = ForeignIssuer.Answer(body: ["error": .string(code)], status: status)
                for nonce in nonces { answer.headers.append(HTTPField(name: name, value: nonce)) }
                server.answer("/token", answer)
                let before = server.count("/token")
                await #expect(throws: GatehouseError.self) { try await client.token() }
                return server.count("/token") - before
            }
            #expect(try await refuse("use_dpop_nonce", []) == 1)
            // Two nonces are none, nor is one that can't stand in a proof.
            #expect(try await refuse("use_dpop_nonce", ["a", "b"]) == 1)
            #expect(try await refuse("use_dpop_nonce", ["a\"b"]) == 1)
            #expect(try await refuse("use_dpop_nonce", [String(repeating: "a", count: 257)]) == 1)
            #expect(try proof(server.request("/token")?.headers).claims["nonce"] == nil)
            #expect(try await refuse("use_dpop_nonce", ["n1"]) == 2)
            #expect(try proof(server.request("/token")?.headers).claims["nonce"] == "n1")
            // Anything else is what it says, but its nonce is remembered.
            #expect(try await refuse("invalid_grant", ["n2"]) == 1)
            #expect(try await refuse("use_dpop_nonce", ["n3"], status: 500) == 1)
            #expect(try proof(server.request("/token")?.headers).claims["nonce"] == "n2")
            server.answer("/token", try grant(nonce: "n4"))
            _ = try await client.token()
            #expect(try proof(server.request("/token")?.headers).claims["nonce"] == "n3")
            _ = try await client.token(scopes: ["other"])
            #expect(try proof(server.request("/token")?.headers).claims["nonce"] == "n4")
        }
    }

    @Test func `the server binds our tokens, and asks for its nonce once`() async throws {
        try await LiveServer.run(configure: { $0.oauth.requiresDPoPNonces = true }) { live in
            let key = GatehouseProofKey()
            let client = try live.client(Self.secret, proofKey: key)
            let token = try await client.token(scopes: ["notes:read"])
            #expect(token.isBound && token.scopes == ["notes:read"])
            #expect(try TestServer.part(1, of: token.text)["cnf"] == ["jkt": .string(key.thumbprint)])
            _ = try await client.token(scopes: ["keys"])
            #expect(live.refusals == ["missing_nonce"])
            // Another service believes it with a proof of ours, and not without.
            let uri = LiveServer.audience + "/notes?tag=a"
            let field = try #require(value("DPoP", try client.fields(showing: token, method: "GET", uri: uri)))
            let other = try live.client(.none)
            let shown = GatehouseTokenProof(fields: [field], method: "GET", uri: uri)
            #expect(try await other.authenticate(token: token.text, proof: shown).subject == "notes")
            await #expect(throws: GatehouseError.refused(.replayed)) { try await other.authenticate(token: token.text, proof: shown) }
            await #expect(throws: GatehouseError.refused(.wrongBinding)) { try await other.authenticate(token: token.text) }
        }
    }

    @Test func `questions to the server carry a bound token with a proof, and outlive its nonces`() async throws {
        try await LiveServer.run(configure: { $0.oauth.requiresDPoPNonces = true }) { live in
            let client = try live.client(Self.token, proofKey: GatehouseProofKey()) { $0.cacheAgeMax = .zero }
            let shown = try await live.server.clientToken(scope: "notes:read")
            #expect(try await client.introspect(shown).clientID == "app")
            #expect(live.refusals == ["missing_nonce"])
            live.clock.advance(by: .seconds(180))
            #expect(try await client.introspect(shown).clientID == "app")
            #expect(live.refusals == ["wrong_nonce"])
        }
    }

    @Test func `an exchanged key's token is bound as well`() async throws {
        try await LiveServer.run { live in
            let issued = try await live.issueKey()
            let key = GatehouseProofKey()
            let token = try await live.client(.none, proofKey: key).exchange(apiKey: issued.key)
            #expect(token.isBound)
            #expect(try TestServer.part(1, of: token.text)["cnf"] == ["jkt": .string(key.thumbprint)])
        }
    }

    @Test func `the tokens of a person are redeemed and renewed by the same key only`() async throws {
        try await LiveServer.run(configure: { $0.oauth.requiresDPoPNonces = true }) { live in
            try await live.server.addUser()
            try await live.server.addClient("native", secret: nil)
            var flow = TestFlow(live.server)
            flow.clientID = "native"
            let key = GatehouseProofKey()
            let client = try live.client(.publicClient(id: "native"), proofKey: key)
            let page = try await flow.authorize(scope: "openid offline_access", ["dpop_jkt": key.thumbprint])
            let code = try #require(page.locationParameter("code"))
            let first = try await client.redeem(code: code, redirectURI: flow.redirectURI, codeVerifier: TestFlow.verifier)
            let refreshToken = try #require(first.refreshToken)
            let thief = try live.client(.publicClient(id: "native"), proofKey: GatehouseProofKey())
            await #expect(throws: GatehouseError.rejected(code: "invalid_grant", status: 400)) { try await thief.refresh(refreshToken) }
            // After a restart.
            let again = try live.client(
                .publicClient(id: "native"), proofKey: try GatehouseProofKey(pemRepresentation: key.pemRepresentation))
            let second = try await again.refresh(refreshToken)
            #expect(second.isBound && second.refreshToken != nil && second.refreshToken != refreshToken)
            await #expect(throws: GatehouseError.self) { try await again.token() }
        }
    }

    @Test func `a refresh token that is not replaced is kept`() async throws {
        try await ForeignIssuer.run { server in
            server.answer("/token", try grant(type: "Bearer"))
            let client = try server.client(Self.secret)
            let token = try await client.refresh("r1", scopes: ["notes:read"])
            #expect(token.refreshToken == "r1" && !token.isBound)
            let request = try #require(server.request("/token"))
            #expect(request.body.contains("refresh_token=r1") && request.body.contains("scope=notes%3Aread"))
            #expect(request.headers[.authorization]?.hasPrefix("Basic ") == true)
            for credentials: GatehouseCredentials in [.none, .publicClient(id: "app")] {
                await #expect(throws: GatehouseError.self) { try await server.client(credentials).token() }
            }
            await #expect(throws: GatehouseError.self) { try await server.client(.none).refresh("r1") }
        }
    }

    // MARK: At other services

    @Test func `a resource that wants its nonce gets it at the second try, and no other resource does`() async throws {
        try await ForeignIssuer.run { server in
            server.answer("/token", try grant())
            let client = try server.client(Self.secret, proofKey: GatehouseProofKey())
            let token = try await client.token()
            var seen: [JSONValue] = []
            func ask(_ uri: String, _ answers: (status: Int, fields: [GatehouseMessage.Field])...) async throws -> Int {
                var answers = answers[...]
                return try await client.send(showing: token, method: "GET", uri: uri) { fields in
                    #expect(value("Authorization", fields) == "DPoP one")
                    seen.append(try TestServer.part(1, of: try #require(value("DPoP", fields))))
                    let next = answers.popFirst()
                    let answer = try #require(next)
                    return (answer.status, answer.status, answer.fields)
                }
            }
            let demand: GatehouseMessage.Field = ("www-authenticate", #"Bearer realm="x", DPoP error="use_dpop_nonce""#)
            let api = "https://api.example/notes?tag=a#top"
            #expect(try await ask(api, (401, [demand, ("dpop-nonce", "n1")]), (200, [("DPoP-Nonce", "n2")])) == 200)
            #expect(seen.map { $0["nonce"] } == [nil, "n1"])
            #expect(seen.allSatisfy { $0["htu"] == "https://api.example/notes" && $0["htm"] == "GET" })
            #expect(seen.allSatisfy { $0["ath"]?.string == TestProver.hash("one") })
            #expect(Set(seen.compactMap { $0["jti"]?.string }).count == 2)
            // Twice is enough, and another refusal is none of these.
            #expect(try await ask(api, (401, [demand, ("DPoP-Nonce", "n3")]), (401, [demand, ("DPoP-Nonce", "n4")])) == 401)
            #expect(try await ask(api, (401, [("WWW-Authenticate", #"DPoP error="invalid_token""#), ("DPoP-Nonce", "n5")])) == 401)
            #expect(try await ask(api, (401, [demand])) == 401)
            #expect(try await ask("https://api.example:8443/", (200, [])) == 200)
            #expect(seen.map { $0["nonce"] }.dropFirst(2) == ["n2", "n3", "n4", "n5", nil])
            for uri in ["notes", "ftp://api.example/", "https://ada@api.example/"] {
                await #expect(throws: GatehouseError.self) { try await ask(uri) }
            }
        }
    }

    @Test func `the server as a resource is asked again with its nonce`() async throws {
        try await LiveServer.run(configure: { $0.oauth.requiresDPoPNonces = true }) { live in
            let client = try live.client(Self.secret, proofKey: GatehouseProofKey())
            let token = try await client.token(scopes: ["keys"], for: TestServer.issuer)
            live.clock.advance(by: .seconds(180))
            var statuses: [Int] = []
            let answer = try await client.send(showing: token, method: "GET", uri: TestServer.issuer + "/v1/keys") { fields in
                var headers = HTTPFields()
                for field in fields { headers[try #require(HTTPField.Name(field.name))] = field.value }
                let answer = try await live.server.get("/v1/keys", headers: headers)
                statuses.append(answer.status.code)
                return (answer, answer.status.code, answer.headers.map { ($0.name.rawName, $0.value) })
            }
            #expect(answer.status == .ok, "\(answer.text)")
            #expect(statuses == [401, 200])
        }
    }

    @Test func `a bearer's token is shown as one, and a bound one not without its key`() async throws {
        try await ForeignIssuer.run { server in
            server.answer("/token", try grant(type: "Bearer"))
            let bearer = try await server.client(Self.secret).token()
            let keyless = try server.client(Self.secret)
            let uri = "https://api.example/"
            #expect(
                try keyless.fields(showing: bearer, method: "GET", uri: uri).map { "\($0.name): \($0.value)" } == [
                    "Authorization: Bearer one"
                ])
            server.answer("/token", try grant())
            let bound = try await server.client(Self.secret, proofKey: GatehouseProofKey()).token()
            #expect(throws: GatehouseError.misconfigured("a bound token needs its proof key")) {
                try keyless.fields(showing: bound, method: "GET", uri: uri)
            }
        }
    }
}
