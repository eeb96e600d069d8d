import Foundation
import Testing

@testable import OAuthProtocol

/// Fixtures/signed_messages.json: messages that PyPI's http-message-signatures signed (Fixtures/make_signed_messages.py).
/// Tests/Interop/test_message_signatures.py shows the other way: that library verifies what we signed.
@Suite("Message signatures of another library")
struct MessageSignatureInteropTests {
    private struct Entry {
        let name: String
        let algorithm: MessageSignatureAlgorithm
        /// Without the fields that signing added.
        let message: SignableMessage
        let signed: SignableMessage
        let added: [SignableMessage.Field]
    }

    private static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
    private static let added = ["Content-Digest", "Signature-Input", "Signature"]

    private static func fixture(_ name: String) throws -> JSONValue {
        try JSONValue(parsing: Array(Data(contentsOf: directory.appending(path: name))))
    }

    private static func keys(_ fixture: JSONValue) throws -> [MessageSignatureAlgorithm: MessageSigningKey] {
        func bytes(_ name: String) -> [UInt8] { TestMessage.bytes(fixture[name]?.string ?? "") }
        return [
            .hmacSHA256: try .init(hmacSecret: bytes("secret")), .ecdsaP256SHA256: try .init(ecdsaP256: bytes("p256")),
            .ed25519: try .init(ed25519: bytes("ed25519")),
        ]
    }

    private static func entries(_ fixture: JSONValue) throws -> [Entry] {
        try (fixture["messages"]?.array ?? []).map { json in
            let fields: [SignableMessage.Field] = (json["fields"]?.array ?? []).compactMap { $0.strings }.map { ($0[0], $0[1]) }
            func message(_ fields: [SignableMessage.Field]) throws -> SignableMessage {
                let body = json["body"]?.string.map { SignableMessage.Body.bytes(Array($0.utf8)) } ?? .none
                if let status = json["status"]?.int { return try SignableMessage(status: Int(status), fields: fields, body: body) }
                return try SignableMessage(
                    method: json["method"]?.string ?? "", scheme: "https", authority: "api.example.com",
                    requestTarget: json["target"]?.string ?? "", fields: fields, body: body)
            }
            return Entry(
                name: json["name"]?.string ?? "",
                algorithm: try #require(MessageSignatureAlgorithm(rawValue: json["algorithm"]?.string ?? "")),
                message: try message(fields.filter { !added.contains($0.name) }), signed: try message(fields),
                added: fields.filter { added.contains($0.name) })
        }
    }

    @Test func `what it signed we verify`() async throws {
        let fixture = try Self.fixture("signed_messages.json")
        let keys = try Self.keys(fixture)
        let entries = try Self.entries(fixture)
        #expect(entries.count == 18)
        for entry in entries {
            let policy = MessageSignaturePolicy(tag: "fixture")
            let verdict = await policy.judge(entry.signed, now: SignedExample.now) { signature in
                MessageSignatureAlgorithm(rawValue: signature.keyID ?? "").flatMap { keys[$0] }.map { [$0.verificationKey] } ?? []
            }
            #expect(verdict.verified?.algorithm == entry.algorithm, "\(entry.name): \(verdict)")
            #expect(verdict.verified?.nonce == "nonce-\(entry.algorithm.rawValue)")
        }
    }

    @Test func `what it signs without chance we sign in the same words`() throws {
        let fixture = try Self.fixture("signed_messages.json")
        let keys = try Self.keys(fixture)
        for entry in try Self.entries(fixture) {
            let input = try #require(LabelledSignature.read(entry.signed, countMax: 1).first)
            let signer = try MessageSigner(
                key: #require(keys[entry.algorithm]), keyID: entry.algorithm.rawValue, label: "theirs", tag: "fixture",
                lifetime: .seconds(60), components: MessageSignature(input).components)
            let fields = try signer.sign(entry.message, now: SignedExample.now, nonce: "nonce-\(entry.algorithm.rawValue)")
            let isRandom = entry.algorithm == .ecdsaP256SHA256
            func words(_ fields: [SignableMessage.Field]) -> [String] {
                fields.filter { !isRandom || $0.name != "Signature" }.map { "\($0.name): \($0.value)" }
            }
            #expect(words(fields) == words(entry.added), "\(entry.name)")
        }
    }

    /// Writes signed_by_gatehouse.json, which Tests/Interop/test_message_signatures.py hands to the other library.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["GATEHOUSE_WRITE_FIXTURES"] != nil))
    func `what we sign is written down`() throws {
        let theirs = try Self.fixture("signed_messages.json")
        let keys = try Self.keys(theirs)
        let messages: [JSONValue] = try zip(Self.entries(theirs), theirs["messages"]?.array ?? []).map { entry, json in
            let signer = try MessageSigner(
                key: #require(keys[entry.algorithm]), keyID: entry.algorithm.rawValue, label: "ours", tag: "fixture")
            let fields = entry.message.fields + (try signer.sign(entry.message, now: SignedExample.now, nonce: "n"))
            var members = json.object ?? [:]
            members["fields"] = .array(fields.map { .array([.string($0.name), .string($0.value)]) })
            return .object(members)
        }
        var fixture = theirs.object ?? [:]
        fixture["messages"] = .array(messages)
        let data = try JSONSerialization.data(
            withJSONObject: JSONSerialization.jsonObject(with: Data(JSONValue.object(fixture).encoded())),
            options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        try (data + Data("\n".utf8)).write(to: Self.directory.appending(path: "signed_by_gatehouse.json"))
    }

    @Test func `what we signed then still holds`() async throws {
        let fixture = try Self.fixture("signed_by_gatehouse.json")
        let keys = try Self.keys(fixture)
        for entry in try Self.entries(fixture) {
            let key = try #require(keys[entry.algorithm])
            let verdict = await MessageSignaturePolicy().judge(entry.signed, now: SignedExample.now) { _ in [key.verificationKey] }
            #expect(verdict.verified?.label == "ours", "\(entry.name): \(verdict)")
        }
    }
}
