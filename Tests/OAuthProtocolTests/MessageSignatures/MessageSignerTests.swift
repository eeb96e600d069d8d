import FoundationEssentials
import Testing

@testable import OAuthProtocol

@Suite("Message signer")
struct MessageSignerTests {
    private func signer(
        label: String = "sig", keyID: String = "k1", tag: String? = nil, lifetime: Duration? = nil, components: [ComponentIdentifier]? = nil
    ) throws -> MessageSigner {
        try MessageSigner(key: SignedExample.key(), keyID: keyID, label: label, tag: tag, lifetime: lifetime, components: components)
    }

    @Test func `what we sign meets the policy, with each algorithm`() async throws {
        let keys: [MessageSigningKey] = [
            try SignedExample.key(), try .init(ecdsaP256: TestMessage.p256Scalar), try .init(ed25519: TestMessage.ed25519Seed),
        ]
        let examples = [
            SignedExample(), SignedExample(method: "GET", target: "/", body: []), SignedExample(method: "GET", target: "/?a=b", body: []),
        ]
        for key in keys {
            let signer = try MessageSigner(key: key, keyID: "k1", tag: "t", lifetime: .seconds(60))
            for example in examples {
                let fields = try signer.sign(try example.message(), now: SignedExample.now, nonce: "n")
                let verdict = try await SignedExample.judge(try example.message(fields), policy: .init(tag: "t"), keys: [key])
                #expect(verdict.verified?.algorithm == key.algorithm && verdict.verified?.nonce == "n")
                #expect(verdict.verified?.expiresAt == SignedExample.now.addingTimeInterval(60))
            }
        }
    }

    @Test func `a response is signed by its status and digest`() async throws {
        let fields = try signer().sign(TestMessage.response(), now: SignedExample.now, nonce: "n")
        #expect(fields.map(\.name) == ["Signature-Input", "Signature"])
        let verdict = try await SignedExample.judge(try TestMessage.response(fields))
        #expect(verdict.verified?.components == [.status, .contentDigest])
    }

    @Test func `the digest is added where it is lacking, and checked where it is there`() throws {
        var example = SignedExample()
        #expect(
            try signer().sign(example.message(), now: SignedExample.now, nonce: nil).first?.value == ContentDigest(of: example.body).text)
        example.fields = [("content-digest", ContentDigest(of: example.body, algorithm: .sha512).text)]
        #expect(try signer().sign(example.message(), now: SignedExample.now, nonce: nil).count == 2)
        example.fields = [("content-digest", ContentDigest(of: [1]).text)]
        #expect(throws: MessageSignatureRefusal.digestMismatch) { try signer().sign(example.message(), now: SignedExample.now, nonce: nil) }
        example.fields = []
        example.omitsBody = true
        #expect(throws: MessageSignatureRefusal.missingComponent("content-digest")) {
            try signer().sign(example.message(), now: SignedExample.now, nonce: nil)
        }
    }

    @Test func `a message is signed by several, each under a label`() async throws {
        let example = SignedExample()
        let first = try signer(label: "a").sign(example.message(), now: SignedExample.now, nonce: "n")
        let second = try signer(label: "b").sign(example.message(first), now: SignedExample.now, nonce: "n")
        #expect(second.count == 2)
        #expect(try await SignedExample.judge(try example.message(first + second)).verified?.label == "a")
        #expect(throws: MessageSignatureRefusal.duplicateLabel("a")) {
            try signer(label: "a").sign(example.message(first), now: SignedExample.now, nonce: "n")
        }
    }

    @Test func `created is a whole second, and what is signed has quotes escaped`() throws {
        let now = SignedExample.now.addingTimeInterval(0.9)
        let fields = try signer(keyID: #"a"\b"#, components: [.method]).sign(
            SignedExample(body: []).message(), now: now, nonce: nil)
        #expect(fields[0].value == #"sig=("@method");created=1800000000;keyid="a\"\\b";alg="hmac-sha256""#)
    }

    @Test func `what the fields can't carry is refused`() throws {
        for label in ["", "Sig", "1", "a b", "é", String(repeating: "a", count: 65)] {
            #expect(throws: MessageSignatureRefusal.malformedParameter("label")) { try signer(label: label) }
        }
        for text in ["", "é", "a\nb", String(repeating: "x", count: 257)] {
            #expect(throws: MessageSignatureRefusal.malformedParameter("keyid")) { try signer(keyID: text) }
            #expect(throws: MessageSignatureRefusal.malformedParameter("tag")) { try signer(tag: text) }
            #expect(throws: MessageSignatureRefusal.malformedParameter("nonce")) {
                try signer().sign(SignedExample().message(), now: SignedExample.now, nonce: text)
            }
        }
        #expect(throws: MessageSignatureRefusal.malformedParameter("expires")) { try signer(lifetime: .zero) }
        #expect(throws: MessageSignatureRefusal.unresolvedComponent("x")) {
            try signer(components: [.field("X")]).sign(SignedExample().message(), now: SignedExample.now, nonce: nil)
        }
    }
}
