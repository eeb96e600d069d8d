import FoundationEssentials

@testable import OAuthProtocol

/// A request as a client would sign it, and the ways in which tests spoil it.
struct SignedExample {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)
    static let secret = [UInt8](0..<32)

    var method = "POST"
    var target = "/v1/orders?customer=42"
    var fields: [SignableMessage.Field] = [("Content-Type", "application/json")]
    var body = Array(#"{"amount":1200}"#.utf8)
    var created = 1_800_000_000
    var components: String?
    /// What stands behind `created`.
    var parameters = #";keyid="k1";nonce="n-1""#
    var label = "sig"
    var omitsBody = false

    func message(_ more: [SignableMessage.Field] = []) throws -> SignableMessage {
        try SignableMessage(
            method: method, scheme: "https", authority: "api.example.com", requestTarget: target, fields: fields + more,
            body: body.isEmpty ? .none : omitsBody ? .elsewhere : .bytes(body))
    }

    static func key() throws -> MessageSigningKey {
        try MessageSigningKey(hmacSecret: secret)
    }

    /// The message with a signature over `components`, which needn't be what the policy asks for.
    func signed(_ key: MessageSigningKey? = nil) throws -> SignableMessage {
        var digest: [SignableMessage.Field] = []
        if !body.isEmpty, !fields.contains(where: { $0.name == "Content-Digest" }) {
            digest = [("Content-Digest", ContentDigest(of: body).text)]
        }
        let covered = components ?? #""@method" "@authority" "@path" "@query""# + (body.isEmpty ? "" : #" "content-digest""#)
        let input = "(\(covered));created=\(created)\(parameters)"
        let base = try TestMessage.signature(input).base(of: try message(digest))
        let signature = Base64.encode(try (key ?? Self.key()).sign(base))
        return try message(digest + [("Signature-Input", "\(label)=\(input)"), ("Signature", "\(label)=:\(signature):")])
    }

    static func judge(
        _ message: SignableMessage, policy: MessageSignaturePolicy = .init(), now: Date = now, keys: [MessageSigningKey]? = nil
    ) async throws -> MessageSignatureVerdict {
        let keys = try keys ?? [key()]
        return await policy.judge(message, now: now) { $0.keyID == "k1" ? keys.map(\.verificationKey) : [] }
    }

    func judged(
        policy: MessageSignaturePolicy = .init(), now: Date = now, keys: [MessageSigningKey]? = nil
    ) async throws -> MessageSignatureVerdict {
        try await Self.judge(try signed(), policy: policy, now: now, keys: keys)
    }
}

extension MessageSignatureVerdict {
    var verified: VerifiedSignature? { if case .verified(let signature) = self { signature } else { nil } }
    var refusal: MessageSignatureRefusal? { if case .refused(let refusal) = self { refusal } else { nil } }
}
