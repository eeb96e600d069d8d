import FoundationEssentials
import Testing

@testable import OAuthProtocol

@Suite("Message signature policy")
struct MessageSignaturePolicyTests {
    @Test func `a signed request is verified, and says by whom and when`() async throws {
        let verified = try #require(try await SignedExample().judged().verified)
        #expect(verified.keyID == "k1" && verified.nonce == "n-1" && verified.label == "sig" && verified.keyIndex == 0)
        #expect(verified.createdAt == SignedExample.now && verified.algorithm == .hmacSHA256 && verified.expiresAt == nil)
        #expect(verified.contentDigest == ContentDigest(of: SignedExample().body))
        #expect(verified.nonceNeededUntil == SignedExample.now.addingTimeInterval(301))
    }

    @Test(arguments: [
        (#""@method" "@authority" "@path" "@query""#, "content-digest"), (#""@authority" "@path" "@query" "content-digest""#, "@method"),
        (#""@method" "@path" "@query" "content-digest""#, "@authority"), (#""@method" "@authority" "@query" "content-digest""#, "@path"),
        (#""@method" "@authority" "@path" "content-digest""#, "@query"), (#""@method" "@target-uri""#, "content-digest"), ("", "@method"),
        (#""@method" "@target-uri" "content-digest";key="sha-256""#, "content-digest"),
        (#""@method" "@authority" "@path" "@query-param";name="customer" "content-digest""#, "@query"),
        (#""@method" "@request-target" "content-digest""#, "@authority"),
    ])
    func `what the policy wants covered is missed by name`(components: String, missing: String) async throws {
        var example = SignedExample()
        example.components = components
        #expect(try await example.judged().refusal == .missingComponent(missing))
    }

    @Test(arguments: [
        #""@method" "@target-uri" "content-digest""#, #""@method" "@target-uri" "content-digest";sf"#,
        #""@method" "@target-uri" "content-digest";bs"#, #""content-digest" "@query" "@path" "@authority" "@method" "content-type""#,
    ])
    func `the target URI does for its pieces, in any order`(components: String) async throws {
        var example = SignedExample()
        example.components = components
        #expect(try await example.judged().verified != nil)
    }

    @Test func `a query needs covering only where there is one, and a digest where there is a body`() async throws {
        var example = SignedExample(method: "GET", target: "/v1/orders", body: [])
        example.components = #""@method" "@authority" "@path""#
        #expect(try await example.judged().verified != nil)
        example.target = "/v1/orders?"
        #expect(try await example.judged().refusal == .missingComponent("@query"))
    }

    @Test func `more components can be demanded`() async throws {
        let policy = MessageSignaturePolicy(additionalComponents: ["content-type"])
        #expect(try await SignedExample().judged(policy: policy).refusal == .missingComponent("content-type"))
        var example = SignedExample()
        example.components = #""@method" "@target-uri" "content-digest" "content-type""#
        #expect(try await example.judged(policy: policy).verified != nil)
    }

    @Test(arguments: [
        (-301, MessageSignatureRefusal.stale), (-300, nil), (10, nil), (11, .future), (100_000, .future), (-1_000_000, .stale),
    ])
    func `created lies inside the window`(offset: Int, refusal: MessageSignatureRefusal?) async throws {
        var example = SignedExample()
        example.created += offset
        let verdict = try await example.judged()
        #expect(verdict.refusal == refusal && (refusal != nil || verdict.verified != nil))
    }

    @Test func `the window is a setting`() async throws {
        var example = SignedExample()
        example.created -= 31
        #expect(try await example.judged(policy: .init(ageMax: .seconds(30))).refusal == .stale)
        #expect(try await example.judged(policy: .init(ageMax: .seconds(31))).verified != nil)
    }

    @Test(arguments: [
        (";expires=1800000001", nil as MessageSignatureRefusal?), (";expires=1800000000", .expired), (";expires=1799999999", .expired),
        (";expires=1799999990", .malformedParameter("expires")), (";expires=\"1800000001\"", .malformedParameter("expires")),
        (";expires=1800000001.5", .malformedParameter("expires")), (";expires=-1", .malformedParameter("expires")),
    ])
    func `expires is honoured`(text: String, refusal: MessageSignatureRefusal?) async throws {
        var example = SignedExample()
        example.created -= 10
        let at = SignedExample.now
        example.parameters += text
        let verdict = try await Self.spoiled(example).map { try await SignedExample.judge($0, now: at) }
        #expect(verdict?.refusal == refusal && (refusal != nil || verdict?.verified != nil))
    }

    @Test(arguments: [
        (#";nonce="n""#, MessageSignatureRefusal.missingParameter("keyid")), (#";keyid="k1""#, .missingParameter("nonce")),
        (#";keyid="";nonce="n""#, .malformedParameter("keyid")), (#";keyid="k1";nonce="""#, .malformedParameter("nonce")),
        (#";keyid=k1;nonce="n""#, .malformedParameter("keyid")), (#";keyid="k1";nonce=7"#, .malformedParameter("nonce")),
        (#";keyid="k1";nonce="n";tag=:AQI=:"#, .malformedParameter("tag")), (#";keyid="k1";nonce="n";alg"#, .malformedParameter("alg")),
        (#";keyid="k1";nonce="n";alg="none""#, .unknownAlgorithm("none")),
        (#";keyid="k1";nonce="n";alg="rsa-pss-sha512""#, .unknownAlgorithm("rsa-pss-sha512")),
        (#";keyid="k1";nonce="n";alg="HMAC-SHA256""#, .unknownAlgorithm("HMAC-SHA256")),
        (#";keyid="k1";nonce="n";alg="ed25519""#, .algorithmMismatch),
        (#";keyid="k2";nonce="n""#, .unknownKey), (#";keyid="k1";nonce="n";keyid="k1""#, .duplicateParameter("keyid")),
        (#";keyid="k1";nonce="n";created=1"#, .duplicateParameter("created")),
    ])
    func `parameters are there once, of their type`(parameters: String, refusal: MessageSignatureRefusal) async throws {
        var example = SignedExample()
        example.parameters = parameters
        let message = try #require(try Self.spoiled(example))
        #expect(try await SignedExample.judge(message).refusal == refusal)
    }

    @Test func `parameters that we don't know are signed and mean nothing`() async throws {
        var example = SignedExample()
        example.parameters += #";alg="hmac-sha256";x=1.50;y;z=(1)"#.replacing(";z=(1)", with: "")
        #expect(try await example.judged().verified != nil)
    }

    @Test func `a long nonce, key id or tag is refused`() async throws {
        for name in ["keyid", "nonce", "tag"] {
            var example = SignedExample()
            let long = String(repeating: "x", count: 257)
            example.parameters = ["keyid": "k1", "nonce": "n", "tag": "t"].map { #";\#($0.key)="\#($0.key == name ? long : $0.value)""# }
                .joined()
            let message = try #require(try Self.spoiled(example))
            #expect(try await SignedExample.judge(message).refusal == .malformedParameter(name))
        }
    }

    @Test func `created can't be left out`() async throws {
        let message = try SignedExample().message([
            ("Signature-Input", #"sig=("@method");keyid="k1";nonce="n""#), ("Signature", "sig=:AQI=:"),
        ])
        #expect(try await SignedExample.judge(message).refusal == .missingParameter("created"))
    }

    @Test func `a shared secret needs a nonce even where others don't`() async throws {
        var example = SignedExample()
        example.parameters = #";keyid="k1""#
        let policy = MessageSignaturePolicy(nonceRule: .withSecrets)
        #expect(try await example.judged(policy: policy).refusal == .missingParameter("nonce"))
        let key = try MessageSigningKey(ed25519: SignedExample.secret)
        let verdict = try await SignedExample.judge(try example.signed(key), policy: policy, keys: [key])
        #expect(verdict.verified?.algorithm == .ed25519 && verdict.verified?.nonce == nil)
        #expect(try await SignedExample.judge(try example.signed(key), keys: [key]).refusal == .missingParameter("nonce"))
    }

    @Test func `only signatures with the tag are looked at`() async throws {
        let policy = MessageSignaturePolicy(tag: "gatehouse")
        #expect(try await SignedExample().judged(policy: policy).refusal == .wrongTag)
        var example = SignedExample()
        example.parameters += #";tag="gatehouse""#
        #expect(try await example.judged(policy: policy).verified?.tag == "gatehouse")
    }

    /// The message under a signature that isn't one, for what is refused before the signature is looked at.
    private static func spoiled(_ example: SignedExample) throws -> SignableMessage? {
        if let signed = try? example.signed() { return signed }
        let covered = #""@method" "@authority" "@path" "@query" "content-digest""#
        return try example.message([
            ("Content-Digest", ContentDigest(of: example.body).text),
            ("Signature-Input", "sig=(\(covered));created=\(example.created)\(example.parameters)"), ("Signature", "sig=:AQI=:"),
        ])
    }
}

extension Optional {
    fileprivate func map<Result>(_ body: (Wrapped) async throws -> Result) async rethrows -> Result? {
        guard let self else { return nil }
        return try await body(self)
    }
}
