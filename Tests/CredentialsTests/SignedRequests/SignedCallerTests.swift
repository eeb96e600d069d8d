import FoundationEssentials
import Gateway
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import Runtime
import TestKit
import Testing

/// Requests to the server itself whose signature is the proof of their caller.
@Suite struct SignedCallerTests {
    private static let wish = Array(#"{"name":"made by a signature","scope":"notes:read"}"#.utf8)

    private func sample(_ method: String, _ target: String, body: [UInt8]? = nil, nonce: String = "n-1") -> SignedSample {
        var sample = SignedSample()
        (sample.method, sample.scheme, sample.authority, sample.target) = (method, "http", "localhost:8080", target)
        sample.fields = body == nil ? [] : [("Content-Type", "application/json")]
        (sample.body, sample.nonce) = (body, nonce)
        return sample
    }

    private func send(
        _ server: TestServer, _ sample: SignedSample, by held: HeldKey, adding headers: HTTPFields = [:], sending body: [UInt8]? = nil
    ) async throws -> TestResponse {
        var headers = headers
        for field in try sample.signed(held.key, keyID: held.id, now: server.clock.now) {
            headers.append(HTTPField(name: try #require(HTTPField.Name(field.name)), value: field.value))
        }
        let method = try #require(HTTPRequest.Method(rawValue: sample.method))
        return try await server.send(method, sample.target, headers: headers, body: body ?? sample.body)
    }

    @Test func `a signature manages keys where its key holds the scope, once`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey(["scope": "keys notes:read"])
            let issued = try await send(server, sample("POST", "/v1/keys", body: Self.wish), by: held)
            #expect(issued.status == .created, "\(issued.text)")
            #expect(issued.json["client"]?.string == "manager")
            let replayed = try await send(server, sample("POST", "/v1/keys", body: Self.wish), by: held)
            #expect(replayed.status == .unauthorized)
            #expect(server.refusals() == ["replayed"])
            let list = try await send(server, sample("GET", "/v1/keys?after=a", nonce: "n-2"), by: held)
            #expect(list.status == .ok)
        }
    }

    @Test func `a signature that fails is told what one must cover, and no more`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey(["scope": "keys"])
            let changed = try await send(
                server, sample("POST", "/v1/keys", body: Self.wish), by: held, sending: Self.wish + Array(" ".utf8))
            #expect(changed.status == .unauthorized)
            #expect(changed.headers[.wwwAuthenticate]?.contains(#"error="invalid_token""#) == true)
            #expect(
                changed.headers[HTTPField.Name.acceptSignature] == #"sig=("@method" "@target-uri" "content-digest");created"#)
            #expect(!changed.text.contains("digest"))
            var elsewhere = sample("GET", "/v1/keys")
            elsewhere.authority = "other.example"
            #expect(try await send(server, elsewhere, by: held).status == .unauthorized)
            #expect(server.refusals().sorted() == ["bad_signature", "wrong_digest"])
            let none = try await server.get("/v1/keys")
            #expect(none.headers[HTTPField.Name.acceptSignature] == #"sig=("@method" "@target-uri");created"#)
        }
    }

    @Test func `without the scope a signature manages nothing`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey()
            #expect(try await send(server, sample("GET", "/v1/keys"), by: held).status == .forbidden)
        }
    }

    @Test func `two proofs of one caller are refused, and a proxy's signature is none`() async throws {
        try await TestServer.runSigned { server in
            let held = try await server.issueSignatureKey(["scope": "keys"])
            let authorization = BasicCredentials.headerValue(clientID: "manager", clientSecret: "manager-secret")
            let both = try await send(server, sample("GET", "/v1/keys"), by: held, adding: [.authorization: authorization])
            #expect(both.status == .badRequest)
            #expect(both.errorCode == "invalid_request")
            let proxy = HeldKey(id: "proxy", key: held.key)
            let passed = try await send(server, sample("GET", "/v1/keys"), by: proxy, adding: [.authorization: authorization])
            #expect(passed.status == .ok)
            #expect(try await send(server, sample("GET", "/v1/keys"), by: proxy).status == .unauthorized)
            #expect(server.refusals().isEmpty)
        }
    }

    @Test func `a flood of signatures is refused before any is looked at`() async throws {
        try await TestServer.runSigned { server in
            let inputs = (0..<100).map { "s\($0)=();keyid=\"sig_0000000000000000\"" }.joined(separator: ", ")
            let signatures = (0..<100).map { "s\($0)=:AQI=:" }.joined(separator: ", ")
            let answer = try await server.get(
                "/v1/keys",
                headers: [
                    try #require(HTTPField.Name("Signature-Input")): inputs, try #require(HTTPField.Name("Signature")): signatures,
                ])
            #expect(answer.status == .unauthorized)
            #expect(server.refusals() == ["too_many_signatures"])
        }
    }

    @Test func `signatures can be switched off`() async throws {
        try await TestServer.runSigned(configure: { $0.callerProofs.remove(.signature) }) { server in
            let held = try await server.issueSignatureKey(["scope": "keys"])
            let answer = try await send(server, sample("GET", "/v1/keys"), by: held)
            #expect(answer.status == .unauthorized)
            #expect(answer.headers[HTTPField.Name.acceptSignature] == nil)
            // What services ask about goes on.
            #expect(try await server.verify(by: held)["active"]?.bool == true)
        }
    }

    @Test func `introspection accepts a signed request, and a person's only with the scope`() async throws {
        try await TestServer.runSigned { server in
            try await server.addClient()
            let token = try await server.clientToken(scope: "notes:read")
            let body = Array("token=\(token)".utf8)
            func introspect(_ held: HeldKey, nonce: String, adding headers: HTTPFields = [:]) async throws -> TestResponse {
                var sample = sample("POST", "/oauth2/introspect", body: body, nonce: nonce)
                sample.fields = [("Content-Type", "application/x-www-form-urlencoded")]
                return try await send(server, sample, by: held, adding: headers)
            }
            let held = try await server.issueSignatureKey(["scope": "introspect"])
            let answer = try await introspect(held, nonce: "a")
            #expect(answer.json["active"]?.bool == true, "\(answer.text)")
            #expect(try await introspect(held, nonce: "a").status == .unauthorized)
            let authorization = BasicCredentials.headerValue(clientID: "manager", clientSecret: "manager-secret")
            let both = try await introspect(held, nonce: "c", adding: [.authorization: authorization])
            #expect(both.errorCode == "invalid_request")

            let user = try await server.addUser()
            try await server.addClient("admin", secret: "admin-secret") { $0.scopes = ["keys:admin", "notes:read"] }
            let personal = try await server.issueSignatureKey(["user": .string(user.id.uuidString)], basic: ("admin", "admin-secret"))
            #expect(try await introspect(personal, nonce: "b").status == .forbidden)
        }
    }
}
