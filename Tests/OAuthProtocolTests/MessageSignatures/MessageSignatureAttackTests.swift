import FoundationEssentials
import Testing

@testable import OAuthProtocol

/// A message that was signed once, and then changed on its way; and fields that no signer would write.
@Suite("Spoilt message signatures")
struct MessageSignatureAttackTests {
    private let input = #"("@method" "@target-uri");created=1800000000;keyid="k1";nonce="n""#

    private func refusal(of fields: [SignableMessage.Field], policy: MessageSignaturePolicy = .init()) async throws
        -> MessageSignatureRefusal?
    {
        let message = try SignableMessage(
            method: "GET", scheme: "https", authority: "api.example.com", requestTarget: "/", fields: fields)
        return try await SignedExample.judge(message, policy: policy).refusal
    }

    private func changed(
        _ message: SignableMessage, method: String = "POST", authority: String = "api.example.com",
        target: String = "/v1/orders?customer=42",
        fields: [SignableMessage.Field]? = nil, body: [UInt8]? = nil
    ) throws -> SignableMessage {
        try SignableMessage(
            method: method, scheme: "https", authority: authority, requestTarget: target, fields: fields ?? message.fields,
            body: body.map { .bytes($0) } ?? message.body)
    }

    @Test func `a changed message is refused`() async throws {
        let message = try SignedExample().signed()
        for spoilt in [
            try changed(message, method: "PUT"), try changed(message, authority: "api.example.org"),
            try changed(message, target: "/v1/orders?customer=43"), try changed(message, target: "/v1/order?customer=42"),
            try changed(message, fields: message.fields.map { $0.name == "Content-Digest" ? ($0.name, ContentDigest(of: [1]).text) : $0 }),
            try changed(message, fields: message.fields + [("Content-Digest", "md5=:AQI=:")]),
        ] {
            #expect(try await SignedExample.judge(spoilt).refusal == .signatureMismatch)
        }
        #expect(try await SignedExample.judge(try changed(message, authority: "API.example.com:443")).verified != nil)
    }

    @Test func `a changed body is refused`() async throws {
        let message = try SignedExample().signed()
        #expect(try await SignedExample.judge(try changed(message, body: [1])).refusal == .digestMismatch)
        let empty = try SignableMessage(
            method: "POST", scheme: "https", authority: "api.example.com", requestTarget: "/v1/orders?customer=42", fields: message.fields)
        #expect(try await SignedExample.judge(empty).refusal == .digestMismatch)
    }

    @Test func `all known digests are compared, and one must be known`() async throws {
        var example = SignedExample()
        example.fields = [("Content-Digest", "\(ContentDigest(of: example.body).text), \(ContentDigest(of: [], algorithm: .sha512).text)")]
        #expect(try await example.judged().refusal == .digestMismatch)
        example.fields = [("Content-Digest", "md5=:AQI=:")]
        #expect(try await example.judged().refusal == .noKnownDigest)
        example.fields = [("Content-Digest", "sha-256=:AQI=:")]
        #expect(try await example.judged().refusal == .malformedField("content-digest"))
    }

    @Test func `a body that is elsewhere needs its digest covered, and is left to the caller`() async throws {
        var example = SignedExample()
        example.omitsBody = true
        let verified = try #require(try await example.judged().verified)
        #expect(verified.contentDigest?.matches(example.body) == true && verified.contentDigest?.matches([]) == false)
        example.components = #""@method" "@target-uri""#
        #expect(try await example.judged().refusal == .missingComponent("content-digest"))
    }

    @Test func `changed parameters are refused`() async throws {
        let message = try SignedExample().signed()
        for (from, to) in [("n-1", "n-2"), ("created=1800000000", "created=1800000001"), (#" "@path""#, ""), ("nonce", "x;nonce")] {
            let fields = message.fields.map { $0.name == "Signature-Input" ? ($0.name, $0.value.replacing(from, with: to)) : $0 }
            let verdict = try await SignedExample.judge(try changed(message, fields: fields))
            #expect(verdict.refusal == (from.contains("@path") ? .missingComponent("@path") : .signatureMismatch))
        }
        // Spaces that the serialisation drops change nothing that is signed.
        let spaced = message.fields.map { $0.name == "Signature-Input" ? ($0.name, $0.value.replacing(" ", with: "   ")) : $0 }
        #expect(try await SignedExample.judge(try changed(message, fields: spaced)).verified != nil)
    }

    @Test func `the key decides the algorithm`() async throws {
        let ed25519 = try MessageSigningKey(ed25519: SignedExample.secret)
        var example = SignedExample()
        #expect(try await SignedExample.judge(try example.signed(), keys: [ed25519]).refusal == .signatureMismatch)
        example.parameters += #";alg="hmac-sha256""#
        #expect(try await SignedExample.judge(try example.signed(), keys: [ed25519]).refusal == .algorithmMismatch)
        // A public key is no secret: a MAC under its bytes proves nothing.
        let p256 = try MessageSigningKey(ecdsaP256: TestMessage.p256Scalar)
        let forged = try example.signed(MessageSigningKey(hmacSecret: TestMessage.p256Point))
        #expect(try await SignedExample.judge(forged, keys: [p256]).refusal == .algorithmMismatch)
    }

    @Test func `two secrets are valid while one is being changed`() async throws {
        let old = try MessageSigningKey(hmacSecret: [UInt8](1...32))
        let message = try SignedExample().signed()
        let new = try SignedExample.key()
        #expect(try await SignedExample.judge(message, keys: [old, new]).verified?.keyIndex == 1)
        #expect(try await SignedExample.judge(message, keys: [new, old]).verified?.keyIndex == 0)
        #expect(try await SignedExample.judge(message, keys: [old]).refusal == .signatureMismatch)
        #expect(try await SignedExample.judge(message, keys: []).refusal == .unknownKey)
    }

    @Test func `of several signatures one of ours is enough`() async throws {
        let message = try SignedExample().signed()
        for other in [
            #"proxy=("@status";req "x";tr);created=1"#, #"proxy=("@method");created=1800000000;keyid="k1";nonce="n""#,
            input.replacing("k1", with: "other").replacing("(", with: "proxy=("), #"proxy=();keyid=1"#,
        ] {
            let added = [("Signature-Input", other), ("Signature", "proxy=:AQI=:")] as [SignableMessage.Field]
            for fields in [message.fields + added, added + message.fields] {
                #expect(try await SignedExample.judge(try changed(message, fields: fields)).verified?.label == "sig", "\(other)")
            }
        }
    }

    @Test func `keys are asked for only after the policy is met`() async throws {
        let message = try SignedExample(created: 1).signed()
        var count = 0
        let verdict = await MessageSignaturePolicy().judge(message, now: SignedExample.now) { _ in
            count += 1
            return []
        }
        #expect(verdict.refusal == .stale && count == 0)
    }

    @Test func `a message without a signature says so`() async throws {
        #expect(try await refusal(of: []) == .noSignature)
        #expect(try await refusal(of: [("Signature", "sig=:AQI=:")]) == .noSignature)
        #expect(try await refusal(of: [("Signature", #"keyId="x",algorithm="hs2019""#)]) == .noSignature)
        #expect(try await refusal(of: [("Signature-Input", "")]) == .noSignature)
    }

    @Test func `labels pair up, and occur once`() async throws {
        let signature: SignableMessage.Field = ("Signature", "sig=:AQI=:")
        #expect(try await refusal(of: [("Signature-Input", "sig=\(input)")]) == .unpairedLabel("sig"))
        #expect(try await refusal(of: [("Signature-Input", "sig=\(input), b=\(input)"), signature]) == .unpairedLabel("b"))
        #expect(try await refusal(of: [("Signature-Input", "sig=\(input)"), ("Signature", "sig=:AQI=:, c=:AQI=:")]) == .unpairedLabel("c"))
        #expect(try await refusal(of: [("Signature-Input", "sig=\(input), sig=\(input)"), signature]) == .duplicateLabel("sig"))
        #expect(
            try await refusal(of: [("Signature-Input", "sig=\(input)"), ("signature-input", "sig=\(input)"), signature])
                == .duplicateLabel("sig"))
        #expect(try await refusal(of: [("Signature-Input", "sig=\(input)"), signature, signature]) == .duplicateLabel("sig"))
    }

    @Test(arguments: [
        ("sig=\"x\"", "sig=:AQI=:", "signature-input"), ("sig", "sig=:AQI=:", "signature-input"),
        ("sig=(", "sig=:AQI=:", "signature-input"),
        ("sig=()", "sig=AQI", "signature"), ("sig=()", "sig=:AQI=:;x", "signature"), ("sig=()", "sig=(:AQI=:)", "signature"),
        ("sig=()", "sig=:AQI:", "signature"), ("sig=()", "sig", "signature"), ("sig=(\"@method\" )", "sig=:AQJ=:", "signature"),
    ])
    func `fields of another shape are refused`(input: String, signature: String, field: String) async throws {
        #expect(try await refusal(of: [("Signature-Input", input), ("Signature", signature)]) == .malformedField(field))
    }

    @Test func `everything has a limit`() async throws {
        func fields(_ count: Int) -> [SignableMessage.Field] {
            (0..<count).flatMap { [("Signature-Input", "s\($0)=()"), ("Signature", "s\($0)=:AQI=:")] as [SignableMessage.Field] }
        }
        #expect(try await refusal(of: fields(8)) == .missingParameter("created"))
        #expect(try await refusal(of: fields(9)) == .tooManySignatures)
        #expect(try await refusal(of: fields(100)) == .tooManySignatures)
        #expect(try await refusal(of: fields(3), policy: .init(signatureCountMax: 2)) == .tooManySignatures)
        let signature: SignableMessage.Field = ("Signature", "sig=:AQI=:")
        let components = (0..<33).map { "\"x\($0)\"" }.joined(separator: " ")
        #expect(try await refusal(of: [("Signature-Input", "sig=(\(components))"), signature]) == .tooManyComponents)
        let parameters = (0..<17).map { ";p\($0)" }.joined()
        #expect(try await refusal(of: [("Signature-Input", "sig=()\(parameters)"), signature]) == .tooManyParameters)
        let long = String(repeating: "x", count: 8_192)
        #expect(try await refusal(of: [("Signature-Input", "sig=(\"\(long)\")"), signature]) == .componentTooLarge("signature-input"))
        #expect(
            try await refusal(of: [("Signature-Input", "sig=(\"\(long.prefix(129))\")"), signature]) == .malformedComponent(""))
    }

    @Test func `keys of the wrong size are refused, and none prints itself`() throws {
        #expect(throws: MessageSignatureRefusal.unsuitableKey) { try MessageVerificationKey(hmacSecret: [UInt8](0..<31)) }
        #expect(throws: MessageSignatureRefusal.unsuitableKey) { try MessageSigningKey(hmacSecret: []) }
        #expect(throws: MessageSignatureRefusal.unsuitableKey) { try MessageVerificationKey(ed25519: [1]) }
        #expect(throws: MessageSignatureRefusal.unsuitableKey) {
            try MessageVerificationKey(ecdsaP256: [4] + [UInt8](repeating: 1, count: 64))
        }
        #expect(throws: MessageSignatureRefusal.unsuitableKey) { try MessageSigningKey(ecdsaP256: [UInt8](repeating: 0, count: 32)) }
        let key = try SignedExample.key()
        #expect("\(key)" == "MessageSigningKey(hmac-sha256, …)")
        var printed = ""
        dump(key.verificationKey, to: &printed)
        #expect("\(key.verificationKey)" == "MessageVerificationKey(hmac-sha256, …)" && !printed.contains("0x"))
    }
}
