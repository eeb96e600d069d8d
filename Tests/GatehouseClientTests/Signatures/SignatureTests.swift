import Crypto
import FoundationEssentials
import GatehouseClient
import TestKit
import Testing

/// Messages signed and verified with keys of the two sides.
@Suite struct SignatureTests {
    private let clock = ManualClock()
    private static let uri = "https://notes.example/notes?tag=a"
    private static let body = Array(#"{"text":"hello"}"#.utf8)

    private func client(_ change: (inout GatehouseOptions) -> Void = { _ in }) throws -> GatehouseClient {
        var options = GatehouseOptions()
        options.now = { [clock] in clock.now }
        change(&options)
        return try GatehouseClient(issuer: "https://id.example", audience: "https://notes.example", options: options)
    }

    private func hmacKey() throws -> GatehouseSigningKey { try .hmac(id: "k1", secret: [UInt8](repeating: 7, count: 32)) }

    private func trusting(_ key: GatehouseSigningKey) -> (String) -> [GatehouseTrustedKey] {
        { id in id == key.id ? [GatehouseTrustedKey(key.verificationKey, subject: "worker", scopes: ["notes:write"])] : [] }
    }

    private func signed(
        _ key: GatehouseSigningKey, method: String = "POST", uri: String = uri, body: [UInt8]? = body
    ) throws -> [GatehouseMessage.Field] {
        try client().sign(.request(method: method, uri: uri, body: body), with: key)
    }

    private func refusal(
        _ client: GatehouseClient, _ message: GatehouseMessage, by key: GatehouseSigningKey
    ) async throws -> GatehouseRefusal? {
        do {
            _ = try await client.authenticate(message, keys: trusting(key))
            return nil
        } catch GatehouseError.refused(let refusal) {
            return refusal
        }
    }

    @Test func `every kind of key signs what its other half verifies`() async throws {
        for key in [
            try hmacKey(), try .ecdsaP256(id: "p", privateKey: Array(P256.Signing.PrivateKey().rawRepresentation)),
            try .ed25519(id: "e", seed: Array(Curve25519.Signing.PrivateKey().rawRepresentation)),
        ] {
            let fields = try signed(key)
            #expect(fields.map(\.name) == ["Content-Digest", "Signature-Input", "Signature"])
            let caller = try await client().authenticate(
                .request(method: "POST", uri: Self.uri, fields: fields, body: Self.body), keys: trusting(key))
            #expect(caller.proof == .signature)
            #expect(caller.subject == "worker")
            #expect(caller.kind == .client)
            #expect(caller.scopes == ["notes:write"])
            #expect(caller.credentialID == key.id)
        }
    }

    @Test func `a response is signed and verified as well`() async throws {
        let key = try hmacKey()
        let fields = try client().sign(.response(status: 200, body: Self.body), with: key)
        #expect(try await refusal(client(), .response(status: 200, fields: fields, body: Self.body), by: key) == nil)
        #expect(try await refusal(client(), .response(status: 201, fields: fields, body: Self.body), by: key) == .signatureMismatch)
    }

    @Test func `a message that was changed on its way is refused`() async throws {
        let key = try hmacKey()
        let fields = try signed(key)
        let client = try client()
        let cases: [(GatehouseMessage, GatehouseRefusal)] = [
            (.request(method: "PUT", uri: Self.uri, fields: fields, body: Self.body), .signatureMismatch),
            (.request(method: "POST", uri: Self.uri + "b", fields: fields, body: Self.body), .signatureMismatch),
            (.request(method: "POST", uri: "https://other.example/notes?tag=a", fields: fields, body: Self.body), .signatureMismatch),
            (.request(method: "POST", uri: Self.uri, fields: fields, body: Self.body + [0x20]), .digestMismatch),
            (.request(method: "POST", uri: Self.uri, fields: fields), .digestMismatch),
            (.request(method: "POST", uri: Self.uri, fields: Array(fields.dropFirst()), body: Self.body), .incompleteSignature),
            (.request(method: "POST", uri: Self.uri, body: Self.body), .noSignature),
            (.request(method: "PO ST", uri: Self.uri, fields: fields, body: Self.body), .malformed),
            (.request(method: "POST", uri: "notes", fields: fields, body: Self.body), .malformed),
        ]
        for (message, expected) in cases { #expect(try await refusal(client, message, by: key) == expected, "\(message)") }
    }

    @Test func `a body that nobody signed is refused`() async throws {
        let key = try hmacKey()
        let fields = try signed(key, body: nil)
        let message = GatehouseMessage.request(method: "POST", uri: Self.uri, fields: fields, body: Self.body)
        #expect(try await refusal(client(), message, by: key) == .incompleteSignature)
    }

    @Test func `a replay is refused, by as many keys as there are`() async throws {
        let key = try hmacKey()
        let client = try client()
        let message = GatehouseMessage.request(method: "POST", uri: Self.uri, fields: try signed(key), body: Self.body)
        #expect(try await refusal(client, message, by: key) == nil)
        #expect(try await refusal(client, message, by: key) == .replayed)
        clock.advance(by: .seconds(300))
        #expect(try await refusal(client, message, by: key) == .replayed)
        clock.advance(by: .seconds(1))
        #expect(try await refusal(client, message, by: key) == .stale)
    }

    @Test func `a signature from the future is refused`() async throws {
        let key = try hmacKey()
        clock.advance(by: .seconds(60))
        let message = GatehouseMessage.request(method: "POST", uri: Self.uri, fields: try signed(key), body: Self.body)
        clock.advance(by: .seconds(-60))
        #expect(try await refusal(client(), message, by: key) == .notYetValid)
    }

    @Test func `an unknown key and another's key are refused`() async throws {
        let message = GatehouseMessage.request(method: "POST", uri: Self.uri, fields: try signed(hmacKey()), body: Self.body)
        let unknown = try GatehouseSigningKey.hmac(id: "k2", secret: [UInt8](repeating: 7, count: 32))
        let other = try GatehouseSigningKey.hmac(id: "k1", secret: [UInt8](repeating: 8, count: 32))
        let kind = try GatehouseSigningKey.ed25519(id: "k1", seed: [UInt8](repeating: 8, count: 32))
        #expect(try await refusal(client(), message, by: unknown) == .unknownKey)
        #expect(try await refusal(client(), message, by: other) == .signatureMismatch)
        #expect(try await refusal(client(), message, by: kind) == .wrongAlgorithm)
    }

    @Test func `of two keys the one that signed is the caller`() async throws {
        let first = try hmacKey()
        let second = try GatehouseSigningKey.hmac(id: "k1", secret: [UInt8](repeating: 8, count: 32))
        let message = GatehouseMessage.request(method: "POST", uri: Self.uri, fields: try signed(second), body: Self.body)
        let caller = try await client().authenticate(message) { _ in
            [.init(first.verificationKey, subject: "first"), .init(second.verificationKey, subject: "second", kind: .person)]
        }
        #expect(caller.subject == "second")
        #expect(caller.kind == .person)
        #expect(caller.clientID == nil)
    }

    @Test func `where there is no room for another nonce, nothing is forgotten and nothing accepted`() async throws {
        let key = try hmacKey()
        let client = try client { $0.nonceCountMax = 2 }
        let messages = try (0..<3).map { _ in
            GatehouseMessage.request(method: "POST", uri: Self.uri, fields: try signed(key), body: Self.body)
        }
        #expect(try await refusal(client, messages[0], by: key) == nil)
        #expect(try await refusal(client, messages[1], by: key) == nil)
        await #expect(throws: GatehouseError.unavailable("too many signed messages at once")) {
            try await client.authenticate(messages[2], keys: trusting(key))
        }
        #expect(try await refusal(client, messages[0], by: key) == .replayed)
        clock.advance(by: .seconds(360))
        let fresh = GatehouseMessage.request(method: "POST", uri: Self.uri, fields: try signed(key), body: Self.body)
        #expect(try await refusal(client, fresh, by: key) == nil)
    }

    @Test func `keys of the wrong size are no keys`() {
        #expect(throws: GatehouseError.self) { try GatehouseSigningKey.hmac(id: "k", secret: [UInt8](repeating: 7, count: 31)) }
        #expect(throws: GatehouseError.self) { try GatehouseSigningKey.ed25519(id: "k", seed: [1]) }
        #expect(throws: GatehouseError.self) { try GatehouseVerificationKey.ecdsaP256(publicKey: [UInt8](repeating: 4, count: 65)) }
        #expect(throws: GatehouseError.self) {
            try client().sign(.request(method: "GET", uri: Self.uri), with: .hmac(id: "", secret: [UInt8](repeating: 7, count: 32)))
        }
    }
}
