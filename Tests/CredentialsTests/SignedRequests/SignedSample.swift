import Audit
import Credentials
import FoundationEssentials
import GatehouseServer
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import Runtime
import TestKit
import Testing

/// A request as a caller would sign it for some service, and the ways in which tests spoil it.
struct SignedSample {
    var method = "POST"
    var scheme = "https"
    var authority = "api.example.com"
    var target = "/v1/orders?customer=42"
    var fields: [SignableMessage.Field] = [("Content-Type", "application/json")]
    var body: [UInt8]? = Array(#"{"amount": 3}"#.utf8)
    var nonce: String? = "n-1"
    var label = "sig"
    var components: [ComponentIdentifier]?

    /// All field lines, those of the signature among them.
    func signed(_ key: MessageSigningKey, keyID: String, now: Date) throws -> [SignableMessage.Field] {
        let message = try SignableMessage(
            method: method, scheme: scheme, authority: authority, requestTarget: target, fields: fields,
            body: body.map { .bytes($0) } ?? .none)
        let signer = try MessageSigner(key: key, keyID: keyID, label: label, components: components)
        return fields + (try signer.sign(message, now: now, nonce: nonce))
    }

    /// What a service sends us of it.
    func form(_ fields: [SignableMessage.Field]) -> [String: JSONValue] {
        var members: [String: JSONValue] = [
            "method": .string(method), "target_uri": .string("\(scheme)://\(authority)\(target)"),
            "headers": .array(fields.map { .strings([$0.name, $0.value]) }),
        ]
        members["body"] = body.map { .string(Base64.encode($0)) }
        return members
    }
}

/// A key as its holder has it.
struct HeldKey: Sendable {
    let id: String
    let key: MessageSigningKey
}

extension TestServer {
    static let manager = (id: "manager", secret: "manager-secret")

    /// A server with a client that may manage keys and ask about them.
    static func runSigned(
        configure: (inout Wiring.Parts) -> Void = { _ in }, _ body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        try await run(configure: configure) { server in
            try await server.addClient("manager", secret: manager.secret) { $0.scopes = ["keys", "notes:read", "introspect"] }
            try await body(server)
        }
    }

    func post(_ uri: String, json: JSONValue, basic: (id: String, secret: String) = manager) async throws -> TestResponse {
        try await send(
            .post, uri,
            headers: [
                .contentType: "application/json",
                .authorization: BasicCredentials.headerValue(clientID: basic.id, clientSecret: basic.secret),
            ], body: json.encoded())
    }

    /// A key of `hmac-sha256` that the server made.
    func issueSignatureKey(
        _ members: [String: JSONValue] = [:], basic: (id: String, secret: String) = manager
    ) async throws -> HeldKey {
        var wish: [String: JSONValue] = ["name": "CI", "scope": "notes:read"]
        wish.merge(members) { _, other in other }
        let response = try await post("/v1/signature-keys", json: .object(wish), basic: basic)
        #expect(response.status == .created, "\(response.text)")
        return try held(response)
    }

    func held(_ response: TestResponse) throws -> HeldKey {
        let secret = try #require(Base64.decode(utf8: try response.json.text("secret").utf8))
        return HeldKey(id: try response.json.text("key_id"), key: try MessageSigningKey(hmacSecret: secret))
    }

    /// Signs a sample now and asks what it is worth.
    func verify(
        _ sample: SignedSample = SignedSample(), by held: HeldKey, _ members: [String: JSONValue] = [:],
        basic: (id: String, secret: String) = manager
    ) async throws -> JSONValue {
        let fields = try sample.signed(held.key, keyID: held.id, now: clock.now)
        return try await verify(sample.form(fields).merging(members) { _, other in other }, basic: basic)
    }

    func verify(_ form: [String: JSONValue], basic: (id: String, secret: String) = manager) async throws -> JSONValue {
        let response = try await post("/v1/signatures/verify", json: .object(form), basic: basic)
        #expect(response.status == .ok, "\(response.text)")
        return response.json
    }

    /// The reasons of the refusals since the last call.
    func refusals() -> [String] {
        wiring.tally.take().filter { $0.kind == .signatureRefused }.compactMap { $0.detail["reason"] }
    }
}
