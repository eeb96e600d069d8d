import Audit
import FoundationEssentials
import HTTPTypes
import Keys
import OAuthProtocol
import Runtime
import TestKit
import Testing

@testable import Credentials

@Suite struct SignatureKeysEndpointTests {
    private func stored(_ server: TestServer, _ id: String) async throws -> SignatureKeyRow {
        try #require(try await SignatureKeyStore(server.database).find(id: id))
    }

    @Test func `a key is shown once, listed, and revoked`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey()
            let authorization = BasicCredentials.headerValue(clientID: "manager", clientSecret: "manager-secret")
            let shown = try await server.get("/v1/signature-keys/\(held.id)", headers: [.authorization: authorization])
            #expect(shown.status == .ok)
            #expect(shown.json["secret"] == nil)
            #expect(shown.json["algorithm"]?.string == "hmac-sha256")
            let list = try await server.get("/v1/signature-keys", headers: [.authorization: authorization])
            #expect(list.json["keys"]?[0]?["key_id"]?.string == held.id)
            #expect(try await server.verify(by: held)["active"]?.bool == true)
            let revoked = try await server.send(.delete, "/v1/signature-keys/\(held.id)", headers: [.authorization: authorization])
            #expect(revoked.status == .noContent)
            var sample = SignedSample()
            sample.nonce = "after"
            #expect(try await server.verify(sample, by: held) == ["active": false])
            #expect(server.refusals() == ["revoked"])
            #expect(try await stored(server, held.id).material == nil)
        }
    }

    @Test func `a secret is encrypted where it rests, and opens nowhere else`() async throws {
        try await TestServer.runSigned { server in
            let secret = [UInt8](repeating: 0xA5, count: 48)
            let given = try await server.post("/v1/signature-keys", json: ["name": "x", "secret": .string(Base64.encode(secret))])
            #expect(given.status == .created)
            #expect(given.json["secret"] == nil)
            let id = try given.json.text("key_id")
            let sealed = try #require(try await stored(server, id).material)
            #expect(!Self.contains(sealed, secret.prefix(8)))
            let text = try await server.database.first("select (k.*)::text from signature_keys k") { try $0.text(0) }
            #expect(try #require(text).contains("a5a5a5a5") == false)

            let held = HeldKey(id: id, key: try MessageSigningKey(hmacSecret: secret))
            #expect(try await server.verify(by: held)["active"]?.bool == true)
            let other = try await server.issueSignatureKey()
            try await server.database.execute(
                "update signature_keys set material = $1 where key_id = $2", [.bytes(sealed), .text(other.id)])
            server.wiring.signatureKeys.flush()
            await #expect(throws: MasterKeyError.self) {
                try await server.wiring.signatureKeys.find(other.id, now: server.clock.now)
            }
            // Neither in another column of its own row: an old secret can't be brought back.
            let row = try await stored(server, id)
            #expect(throws: MasterKeyError.self) { try row.open(sealed, .previousMaterial, masterKeys: server.wiring.parts.masterKeys) }
        }
    }

    private static func contains(_ bytes: [UInt8], _ part: ArraySlice<UInt8>) -> Bool {
        bytes.indices.contains { bytes[$0...].starts(with: part) }
    }

    @Test func `after a rotation two secrets are valid under one id, until the overlap is over`() async throws {
        try await TestServer.runSigned { server in
            let old = try await server.issueSignatureKey()
            func rotate(_ members: JSONValue) async throws -> HeldKey {
                let response = try await server.post("/v1/signature-keys/\(old.id)/rotate", json: members)
                #expect(response.status == .ok, "\(response.text)")
                return try server.held(response)
            }
            func works(_ held: HeldKey) async throws -> Bool {
                var sample = SignedSample()
                sample.nonce = Base64URL.encode(server.wiring.parts.randomness.bytes(12))
                return try await server.verify(sample, by: held)["active"]?.bool == true
            }
            let new = try await rotate(["overlap": 60])
            #expect(new.id == old.id)
            #expect(try await works(old))
            #expect(try await works(new))
            server.clock.advance(by: .seconds(60))
            #expect(try await works(old) == false)
            #expect(server.refusals() == ["bad_signature"])
            #expect(try await works(new))

            // What no longer works is erased.
            let job = SignatureKeyJob.make(server.database)
            #expect(try await stored(server, old.id).previousMaterial != nil)
            server.clock.advance(by: .seconds(61))
            try await job.run(server.clock.now)
            #expect(try await stored(server, old.id).previousMaterial == nil)

            // Two at a time: the oldest ends.
            let third = try await rotate(["overlap": 3_600])
            let fourth = try await rotate(["overlap": 3_600])
            #expect(try await works(new) == false)
            #expect(try await works(third))
            #expect(try await works(fourth))
            // At once, where it leaked.
            let fifth = try await rotate(["overlap": 0])
            #expect(try await works(fourth) == false)
            #expect(try await works(fifth))
        }
    }

    @Test func `a rotation keeps the algorithm, and revives nothing`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey(["expires_in": 60])
            let (jwk, _) = try #require(try SignedKeys.pairs().first)
            let uri = "/v1/signature-keys/\(held.id)/rotate"
            #expect(try await server.post(uri, json: ["jwk": jwk]).errorCode == "invalid_request")
            server.clock.advance(by: .seconds(30))
            #expect(try await server.post(uri, json: [:]).json["expires_at"]?.int == (server.clock.now + .seconds(60)).numericDate)
            server.clock.advance(by: .seconds(60))
            #expect(try await server.post(uri, json: [:]).errorCode == "invalid_request")
        }
    }

    @Test func `keys move to the first master key, and the old one can go`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey()
            _ = try await server.post("/v1/signature-keys/\(held.id)/rotate", json: ["overlap": 60])
            let fresh = MasterKeys.generate(keyID: "new", randomness: SystemRandomness())
            let both = try MasterKeys(parsing: "\(fresh.text),\(server.wiring.parts.masterKeys.text)")
            try await Reencryption(server.database, tables: [.signatureKeys], masterKeys: both, randomness: SystemRandomness()).run()
            let directory = SignatureKeyDirectory(
                database: server.database, masterKeys: fresh, limiter: server.wiring.limits.signatureKeys)
            #expect(try await directory.find(held.id, now: server.clock.now)?.keys(now: server.clock.now).count == 2)
        }
    }

    @Test func `an id that nobody has costs one read, and none where it can't be one`() async throws {
        try await TestServer.runSigned { server async throws in
            let directory = server.wiring.signatureKeys
            let id = "sig_0000000000000000"
            directory.setListening(true)
            #expect(try await directory.find(id, now: server.clock.now) == nil)
            await server.database.close()
            #expect(try await directory.find(id, now: server.clock.now) == nil)
            #expect(try await directory.find("anything else", now: server.clock.now) == nil)
            await #expect(throws: (any Error).self) { try await directory.find("sig_0000000000000001", now: server.clock.now) }
        }
    }

    @Test func `a key made after its id was looked for is found`() async throws {
        try await TestServer.runSigned { server in
            server.wiring.signatureKeys.setListening(true)
            let held = try await server.issueSignatureKey()
            try await server.withSecondNode { second in
                second.wiring.signatureKeys.setListening(true)
                #expect(try await second.verify(by: held)["active"]?.bool == true)
                let authorization = BasicCredentials.headerValue(clientID: "manager", clientSecret: "manager-secret")
                _ = try await server.send(.delete, "/v1/signature-keys/\(held.id)", headers: [.authorization: authorization])
                second.wiring.signatureKeys.flush()
                #expect(try await second.verify(by: held) == ["active": false])
            }
        }
    }

    @Test func `one client neither sees nor ends another client's keys`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey()
            try await server.addClient("stranger", secret: "stranger-secret") { $0.scopes = ["keys"] }
            let authorization = BasicCredentials.headerValue(clientID: "stranger", clientSecret: "stranger-secret")
            for method in [HTTPRequest.Method.get, .delete] {
                let answer = try await server.send(method, "/v1/signature-keys/\(held.id)", headers: [.authorization: authorization])
                #expect(answer.status == .notFound)
            }
            let rotated = try await server.post(
                "/v1/signature-keys/\(held.id)/rotate", json: [:], basic: ("stranger", "stranger-secret"))
            #expect(rotated.status == .notFound)
            let list = try await server.get("/v1/signature-keys", headers: [.authorization: authorization])
            #expect(list.json["keys"]?.array?.isEmpty == true)
            for scope in ["notes:write", "keys:admin", "openid", "unheard-of"] {
                let wish: JSONValue = ["name": "x", "scope": .string(scope)]
                #expect(try await server.post("/v1/signature-keys", json: wish).errorCode == "invalid_scope")
            }
        }
    }

    @Test(arguments: [
        #"{"name":"x","secret":"AAAA"}"#, #"{"name":"x","secret":"not base64"}"#, #"{"name":"x","algorithm":"rsa-pss-sha512"}"#,
        #"{"name":"x","algorithm":"ed25519"}"#, #"{"name":"x","jwk":"x"}"#, #"{"name":"x","jwk":{}}"#, #"{"secret":""}"#, "{}",
        #"{"name":"x","networks":["192.0.2.1/8"]}"#, #"{"name":"x","kind":"live"}"#,
    ])
    func `a wish that is none is refused`(body: String) async throws {
        try await TestServer.runSigned { server in
            let response = try await server.post("/v1/signature-keys", json: try JSONValue(parsing: body.utf8))
            #expect(response.status == .badRequest)
            #expect(response.errorCode == "invalid_request")
        }
    }

    @Test func `what is done to a key is on record, and its uses are written in batches`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey()
            _ = try await server.verify(by: held)
            #expect(try await stored(server, held.id).credential.lastUsedAt == nil)
            try await server.wiring.signatureKeys.writeUses()
            #expect(try await stored(server, held.id).credential.lastUsedAt == server.clock.now)
            server.clock.advance(by: .seconds(1))
            _ = try await server.post("/v1/signature-keys/\(held.id)/rotate", json: [:])
            server.clock.advance(by: .seconds(1))
            let authorization = BasicCredentials.headerValue(clientID: "manager", clientSecret: "manager-secret")
            _ = try await server.send(.delete, "/v1/signature-keys/\(held.id)", headers: [.authorization: authorization])
            let kinds = try await server.database.all(
                "select kind, client_id, detail->>'key_id' from audit_events order by occurred_at"
            ) { [try $0.text(0), try $0.text(1), try $0.text(2)] }
            #expect(
                kinds == [
                    ["signature_key.issued", "manager", held.id], ["signature_key.rotated", "manager", held.id],
                    ["signature_key.revoked", "manager", held.id],
                ])
        }
    }

    @Test func `a person's keys end when the person is disabled`() async throws {
        try await TestServer.runSigned { server in
            let user = try await server.addUser()
            try await server.addClient("admin", secret: "admin-secret") { $0.scopes = ["keys:admin", "notes:read"] }
            let held = try await server.issueSignatureKey(["user": .string(user.id.uuidString)], basic: ("admin", "admin-secret"))
            #expect(try await server.verify(by: held)["sub"]?.string == user.id.uuidString.lowercased())
            try await server.disable(user)
            server.wiring.signatureKeys.flush()
            #expect(try await server.verify(by: held) == ["active": false])
            #expect(server.refusals() == ["owner_disabled"])
        }
    }
}
