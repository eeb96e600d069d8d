import Credentials
import FoundationEssentials
import HTTPTypes
import OAuthProtocol
import Runtime
import TestKit
import Testing

@Suite struct SignatureVerificationTests {
    @Test func `a signed request says who signed it, once`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey(["audiences": ["https://orders.example"]])
            let fields = try SignedSample().signed(held.key, keyID: held.id, now: server.clock.now)
            let form = SignedSample().form(fields)
            let answer = try await server.verify(form)
            #expect(answer["active"]?.bool == true, "\(answer)")
            #expect(answer["key_id"]?.string == held.id)
            #expect(answer["sub"]?.string == "manager")
            #expect(answer["client_id"]?.string == "manager")
            #expect(answer["scope"]?.string == "notes:read")
            #expect(answer["aud"]?.strings == ["https://orders.example"])
            #expect(answer["algorithm"]?.string == "hmac-sha256")
            #expect(answer["label"]?.string == "sig")
            #expect(answer["created"]?.int == server.clock.now.numericDate)
            #expect(answer["components"]?.strings == [#""@method""#, #""@authority""#, #""@path""#, #""@query""#, #""content-digest""#])
            #expect(try await server.verify(form) == ["active": false])
            #expect(server.refusals() == ["replayed"])
        }
    }

    @Test func `public keys sign as well, and we never see their private half`() async throws {
        try await TestServer.runSigned { server in
            for (jwk, key) in try SignedKeys.pairs() {
                let response = try await server.post("/v1/signature-keys", json: ["name": "x", "scope": "notes:read", "jwk": jwk])
                #expect(response.status == .created, "\(response.text)")
                #expect(response.json["secret"] == nil)
                let held = HeldKey(id: try response.json.text("key_id"), key: key)
                #expect(try await server.verify(by: held)["algorithm"]?.string == key.algorithm.rawValue)
                #expect(try await server.verify(by: held) == ["active": false])
            }
            let (jwk, _) = try #require(try SignedKeys.pairs().last)
            for spoilt in [
                jwk.object?.merging(["d": "AAAA"]) { $1 }, jwk.object?.merging(["x": "AAAA"]) { $1 },
                jwk.object?.merging(["crv": "X25519"]) { $1 }, jwk.object?.merging(["kty": "oct"]) { $1 },
            ] {
                let response = try await server.post("/v1/signature-keys", json: ["name": "x", "jwk": .object(spoilt ?? [:])])
                #expect(response.errorCode == "invalid_request")
            }
        }
    }

    /// A way to spoil a request, and the reason that the audit log is to give for it.
    struct Spoilt: Sendable, CustomTestStringConvertible {
        let reason: String
        let spoil: @Sendable (HeldKey, Date) throws -> [String: JSONValue]
        var testDescription: String { reason }

        init(_ reason: String, _ spoil: @escaping @Sendable (HeldKey, Date) throws -> [String: JSONValue]) {
            self.reason = reason
            self.spoil = spoil
        }

        /// Spoilt before it is signed.
        static func sample(_ reason: String, after: Duration = .zero, _ change: @escaping @Sendable (inout SignedSample) -> Void) -> Spoilt
        {
            Spoilt(reason) { held, now in
                var sample = SignedSample()
                change(&sample)
                return sample.form(try sample.signed(held.key, keyID: held.id, now: now + after))
            }
        }

        /// Spoilt on its way.
        static func form(_ reason: String, _ change: @escaping @Sendable (inout [String: JSONValue]) -> Void) -> Spoilt {
            Spoilt(reason) { held, now in
                var form = SignedSample().form(try SignedSample().signed(held.key, keyID: held.id, now: now))
                change(&form)
                return form
            }
        }
    }

    static let spoilt: [Spoilt] = [
        .sample("missing_component") { $0.components = [.method, .contentDigest] },
        .sample("missing_component") { $0.components = [.method, .targetURI] },
        .sample("missing_parameter") { $0.nonce = nil },
        .sample("stale", after: .seconds(-301)) { _ in }, .sample("future", after: .seconds(11)) { _ in },
        .form("wrong_digest") { $0["body"] = .string(Base64.encode(Array("another".utf8))) },
        .form("bad_signature") { $0["method"] = "PUT" },
        .form("bad_signature") { $0["target_uri"] = "https://api.example.com/v1/orders?customer=43" },
        .form("malformed_message") { $0["target_uri"] = "gopher://api.example.com/" },
        .form("no_signature") { $0["headers"] = [] },
        .form("duplicate_label") { form in form["headers"] = .array((form["headers"]?.array ?? []) + (form["headers"]?.array ?? [])) },
        Spoilt("too_many_signatures") { _, _ in
            var sample = SignedSample()
            sample.body = nil
            return sample.form((0..<100).flatMap { [("Signature-Input", "s\($0)=()"), ("Signature", "s\($0)=:AQI=:")] })
        },
        Spoilt("unknown_key") { held, now in SignedSample().form(try SignedSample().signed(held.key, keyID: "somebody", now: now)) },
        Spoilt("unknown_key") { held, now in
            SignedSample().form(try SignedSample().signed(held.key, keyID: "sig_0000000000000000", now: now))
        },
        Spoilt("bad_signature") { held, now in
            let other = try MessageSigningKey(hmacSecret: [UInt8](0..<32))
            return SignedSample().form(try SignedSample().signed(other, keyID: held.id, now: now))
        },
        Spoilt("wrong_algorithm") { held, now in
            let other = try MessageSigningKey(ed25519: [UInt8](0..<32))
            return SignedSample().form(try SignedSample().signed(other, keyID: held.id, now: now))
        },
    ]

    @Test(arguments: spoilt) func `what is wrong gets one answer, and a reason of its own in the audit log`(spoilt: Spoilt) async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey()
            #expect(try await server.verify(try spoilt.spoil(held, server.clock.now)) == ["active": false])
            #expect(server.refusals() == [spoilt.reason])
            // A refused request uses no nonce up.
            #expect(try await server.verify(by: held)["active"]?.bool == true)
        }
    }

    @Test func `a key is worth nothing outside its terms`() async throws {
        try await TestServer.runSigned { server in
            let bound = try await server.issueSignatureKey([
                "networks": ["192.0.2.0/24"], "audiences": ["orders"], "expires_in": 60,
            ])
            #expect(try await server.verify(by: bound) == ["active": false])
            #expect(try await server.verify(by: bound, ["address": "198.51.100.1"]) == ["active": false])
            #expect(try await server.verify(by: bound, ["address": "192.0.2.1", "scope": "notes:write"]) == ["active": false])
            #expect(try await server.verify(by: bound, ["address": "192.0.2.1", "audience": "payroll"]) == ["active": false])
            #expect(server.refusals().sorted() == ["address", "audience", "scope"])
            #expect(try await server.verify(by: bound, ["address": "192.0.2.1", "audience": "orders"])["active"]?.bool == true)
            server.clock.advance(by: .seconds(60))
            #expect(try await server.verify(by: bound, ["address": "192.0.2.1"]) == ["active": false])
            #expect(server.refusals() == ["key_expired"])
        }
    }

    @Test func `who may not ask learns nothing and uses no nonce up`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey(["audiences": ["orders"]])
            try await server.addClient("stranger", secret: "stranger-secret") { $0.scopes = ["notes:read"] }
            try await server.addClient("orders", secret: "orders-secret") { $0.scopes = ["notes:read"] }
            let form = SignedSample().form(try SignedSample().signed(held.key, keyID: held.id, now: server.clock.now))
            #expect(try await server.verify(form, basic: ("stranger", "stranger-secret")) == ["active": false])
            #expect(server.refusals() == ["audience"])
            #expect(try await server.verify(form, basic: ("orders", "orders-secret"))["active"]?.bool == true)
            let anonymous = try await server.sendJSON(.post, "/v1/signatures/verify", .object(form))
            #expect(anonymous.status == .unauthorized)
        }
    }

    @Test func `above its own limit a key is told to wait, and a replay is not charged to it`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey(["rate_limit": ["burst": 2, "per_minute": 60]])
            var sample = SignedSample()
            for nonce in ["a", "a", "a", "b"] {
                sample.nonce = nonce
                _ = try await server.verify(sample, by: held)
            }
            #expect(server.refusals() == ["replayed"])
            sample.nonce = "c"
            let limited = try await server.verify(sample, by: held)
            #expect(limited["error"]?.string == "rate_limited")
            #expect(server.refusals() == ["rate_limited"])
            server.clock.advance(by: .seconds(1))
            #expect(try await server.verify(sample, by: held)["active"]?.bool == true)
        }
    }

    @Test func `one nonce serves once on all nodes, and once for each key`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey()
            let other = try await server.issueSignatureKey()
            #expect(try await server.verify(by: held)["active"]?.bool == true)
            #expect(try await server.verify(by: other)["active"]?.bool == true)
            try await server.withSecondNode { second async throws in
                #expect(try await second.verify(by: held) == ["active": false])
                #expect(second.refusals() == ["replayed"])
            }
        }
    }

    @Test func `of two signatures that hold neither serves again without the other`() async throws {
        try await TestServer.runSigned { server in
            let first = try await server.issueSignatureKey()
            let second = try await server.issueSignatureKey()
            var sample = SignedSample()
            let once = try sample.signed(first.key, keyID: first.id, now: server.clock.now)
            sample.fields = once
            sample.label = "other"
            let both = try sample.signed(second.key, keyID: second.id, now: server.clock.now)
            #expect(try await server.verify(sample.form(both))["key_id"]?.string == first.id)
            let stripped = both.filter { !$0.value.hasPrefix("sig=") }
            #expect(try await server.verify(sample.form(stripped)) == ["active": false])
            #expect(server.refusals() == ["replayed"])
        }
    }

    @Test func `another party's signature does no harm`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey()
            let proxy = try MessageSigningKey(hmacSecret: [UInt8](0..<32))
            var sample = SignedSample()
            sample.label = "proxy"
            sample.fields = try sample.signed(proxy, keyID: "proxy", now: server.clock.now)
            sample.label = "sig"
            #expect(try await server.verify(sample, by: held)["label"]?.string == "sig")
        }
    }

    @Test func `the body may stay with the service that compares its digest`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey()
            let fields = try SignedSample().signed(held.key, keyID: held.id, now: server.clock.now)
            var form = SignedSample().form(fields)
            form["body"] = nil
            form["content_digest_verified"] = true
            #expect(try await server.verify(form)["active"]?.bool == true)
        }
    }

    @Test func `the target may come in pieces`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey()
            var form = SignedSample().form(try SignedSample().signed(held.key, keyID: held.id, now: server.clock.now))
            form["target_uri"] = nil
            form.merge(["scheme": "https", "authority": "API.example.com:443", "path": "/v1/orders", "query": "customer=42"]) { $1 }
            #expect(try await server.verify(form)["active"]?.bool == true)
        }
    }

    @Test(arguments: [
        #"{}"#, #"{"method":"GET"}"#, #"{"method":"GET","target_uri":"/x"}"#, #"{"method":"GET","target_uri":"https://a/","path":"/"}"#,
        #"{"method":"GET","scheme":"https","authority":"a","path":"x"}"#, #"{"method":1,"target_uri":"https://a/"}"#,
        #"{"method":"GET","target_uri":"https://a/","headers":{}}"#, #"{"method":"GET","target_uri":"https://a/","headers":[["a"]]}"#,
        #"{"method":"GET","target_uri":"https://a/","headers":[["a",1]]}"#, #"{"method":"GET","target_uri":"https://a/","body":"?"}"#,
        #"{"method":"GET","target_uri":"https://a/","body":"","content_digest_verified":true}"#,
        #"{"method":"POST","target_uri":"https://a/","headers":[["Content-Length","3"]]}"#,
        #"{"method":"POST","target_uri":"https://a/","headers":[["transfer-encoding","chunked"]]}"#,
        #"{"method":"GET","target_uri":"https://a/","unknown":1}"#, "[]", "nonsense",
    ])
    func `a form that is none is refused by name`(body: String) async throws {
        try await TestServer.runSigned { server in
            let response = try await server.send(
                .post, "/v1/signatures/verify",
                headers: [
                    .contentType: "application/json",
                    .authorization: BasicCredentials.headerValue(clientID: "manager", clientSecret: "manager-secret"),
                ], body: Array(body.utf8))
            #expect(response.status == .badRequest)
            #expect(response.errorCode == "invalid_request")
        }
    }

    @Test func `without the database nobody is told that a nonce is new`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey()
            #expect(try await server.verify(by: held)["active"]?.bool == true)
            server.wiring.signatureKeys.setListening(true)
            server.wiring.clients.setListening(true)
            var sample = SignedSample()
            sample.nonce = "warm"
            #expect(try await server.verify(sample, by: held)["active"]?.bool == true)
            await server.database.close()
            sample.nonce = "another"
            let fields = try sample.signed(held.key, keyID: held.id, now: server.clock.now)
            let response = try await server.post("/v1/signatures/verify", json: .object(sample.form(fields)))
            #expect(response.status == .serviceUnavailable)
            #expect(response.headers[.retryAfter] != nil)
        }
    }
}

/// Pairs of public and private keys.
enum SignedKeys {
    static func pairs() throws -> [(jwk: JSONValue, key: MessageSigningKey)] {
        [
            // RFC 9421 Appendix B.1.3 and B.1.4.
            (
                [
                    "kty": "EC", "crv": "P-256", "x": "qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA",
                    "y": "Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0",
                ], try MessageSigningKey(ecdsaP256: bytes("UpuF81l+kOxbjf7T4mNSv0r5tN67Gim7rnf6EFpcYDs="))
            ),
            (
                ["kty": "OKP", "crv": "Ed25519", "x": "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"],
                try MessageSigningKey(ed25519: bytes("n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU="))
            ),
        ]
    }

    private static func bytes(_ base64: String) -> [UInt8] { Base64.decode(utf8: base64.utf8) ?? [] }
}
