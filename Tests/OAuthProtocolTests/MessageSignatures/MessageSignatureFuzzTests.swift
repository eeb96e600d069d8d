import FoundationEssentials
import Testing

@testable import OAuthProtocol

/// Two thousand mutated inputs a reader: none may trap, what is accepted reads back the same, and no changed message passes.
@Suite("Fuzzing message signatures")
struct MessageSignatureFuzzTests {
    private let count = 2_000
    private let tokens = [
        ",", ", ", ";", "=", "(", ")", "()", "\"", "\\", ":", "::", "?1", "?0", " ", "\t", "-", ".", "1", "999999999999999", "1.5", "a",
        "*",
        "sig=", ";x", ";created=1", "\"@method\"", ":AQI=:", ";key=\"a\"", ";bs", ";sf",
    ]

    @Test func `structured fields read back the same`() throws {
        var mutator = Mutator(
            seed: 11,
            corpus: [
                "a=1, b=2;x=1;y=2.5, c=(a \"b\\\\\" :AQI=:);z, d", #"sig1=("@method" "date";bs);created=1618884473;keyid="k", sig2=()"#,
                "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", "-1.005, *t/x:y;a=?0", "", "  a  ",
            ], tokens: tokens)
        var accepted = 0
        for _ in 0..<count {
            let bytes = mutator.next()
            if let dictionary = try? StructuredDictionary(parsing: bytes) {
                accepted += 1
                let text = dictionary.text
                #expect(try StructuredDictionary(parsing: text.utf8) == dictionary)
                #expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
            }
            if let list = try? StructuredList(parsing: bytes) {
                accepted += 1
                var output: [UInt8] = []
                list.write(into: &output)
                #expect(try StructuredList(parsing: output) == list)
            }
        }
        #expect(accepted > count / 20)
    }

    @Test func `a changed signature field never passes for another meaning`() async throws {
        let message = try SignedExample().signed()
        let original = try LabelledSignature.read(message, countMax: 8)
        for (seed, name) in [(12 as UInt64, "Signature-Input"), (13, "Signature"), (14, "Content-Digest")] {
            let value = try #require(message.fields.first { $0.name == name }?.value)
            var mutator = Mutator(seed: seed, corpus: [value], tokens: tokens)
            for _ in 0..<count {
                let changed = String(decoding: mutator.next(), as: UTF8.self)
                let fields = message.fields.map { $0.name == name ? ($0.name, changed) : $0 }
                let spoilt = try SignedExample(fields: fields).message()
                guard let verified = try await SignedExample.judge(spoilt).verified else { continue }
                // Spaces may differ, and labels be others: what is signed may not.
                #expect(verified.nonce == "n-1" && verified.keyID == "k1" && verified.createdAt == SignedExample.now)
                let read = try LabelledSignature.read(spoilt, countMax: 8).first { $0.label == verified.label }
                #expect(read?.input == original[0].input && read?.signature == original[0].signature, "\(changed)")
            }
        }
    }

    @Test func `a changed target never passes`() async throws {
        let message = try SignedExample().signed()
        var mutator = Mutator(
            seed: 15, corpus: ["/v1/orders?customer=42"], tokens: ["/", "?", "#", "..", "%2F", "&", "//", "https://x/", "*"])
        var made = 0
        for _ in 0..<count {
            let target = String(decoding: mutator.next(), as: UTF8.self)
            guard target != "/v1/orders?customer=42" else { continue }
            guard let spoilt = try? SignedExample(target: target, fields: message.fields).message() else { continue }
            made += 1
            #expect(try await SignedExample.judge(spoilt).verified == nil, "\(target)")
        }
        #expect(made > count / 20)
    }

    @Test func `query parameters and authorities never trap`() throws {
        var mutator = Mutator(
            seed: 16, corpus: ["a=1&b=two+words&c=%C3%A9&d", "www.example.com:443", "[::1]:80"],
            tokens: ["%", "%zz", "&", "=", "+", "[", "]", ":"])
        for _ in 0..<count {
            let text = String(decoding: mutator.next(), as: UTF8.self)
            if let value = QueryParameter.find("b", in: text) {
                #expect(value.allSatisfy { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "*") || FormEncoding.isUnreserved($0) })
            }
            if let target = try? MessageTarget(scheme: "https", authority: text, requestTarget: "/") {
                #expect(!target.authority.isEmpty && target.authority == target.authority.lowercased())
                #expect(try MessageTarget(scheme: "https", authority: target.authority, requestTarget: "/").authority == target.authority)
            }
        }
    }
}
