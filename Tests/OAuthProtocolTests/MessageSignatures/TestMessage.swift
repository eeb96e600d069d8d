import FoundationEssentials

@testable import OAuthProtocol

/// The keys and messages of RFC 9421 Appendix B.
enum TestMessage {
    static let createdAt = Date(timeIntervalSince1970: 1_618_884_473)

    // B.1.3, B.1.4, B.1.5
    static let p256Scalar = bytes("UpuF81l+kOxbjf7T4mNSv0r5tN67Gim7rnf6EFpcYDs=")
    static let p256Point =
        [4] + bytes("qIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivA=") + bytes("Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0=")
    static let ed25519Seed = bytes("n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU=")
    static let ed25519Point = bytes("JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")
    static let secret = bytes("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==")

    static let requestBody = Array(#"{"hello": "world"}"#.utf8)
    static let responseBody = Array(#"{"message": "good dog"}"#.utf8)
    static let requestDigest = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
    static let responseDigest = "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:"

    /// test-request.
    static func request(_ more: [SignableMessage.Field] = [], body: [UInt8] = requestBody) throws -> SignableMessage {
        try SignableMessage(
            method: "POST", scheme: "https", authority: "example.com", requestTarget: "/foo?param=Value&Pet=dog",
            fields: [
                ("Host", "example.com"), ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"), ("Content-Type", "application/json"),
                ("Content-Digest", requestDigest), ("Content-Length", "18"),
            ] + more, body: .bytes(body))
    }

    /// test-response.
    static func response(_ more: [SignableMessage.Field] = []) throws -> SignableMessage {
        try SignableMessage(
            status: 200,
            fields: [
                ("Date", "Tue, 20 Apr 2021 02:07:56 GMT"), ("Content-Type", "application/json"), ("Content-Digest", responseDigest),
                ("Content-Length", "23"),
            ] + more, body: .bytes(responseBody))
    }

    static func bytes(_ base64: String) -> [UInt8] {
        Base64.decode(utf8: base64.utf8) ?? []
    }

    /// The signature base that the inner list `input` gives for `message`.
    static func base(_ input: String, of message: SignableMessage) throws -> String {
        String(decoding: try signature(input).base(of: message), as: UTF8.self)
    }

    static func signature(_ input: String, _ signature: String = "") throws -> MessageSignature {
        guard let list = try StructuredDictionary(parsing: "sig=\(input)".utf8)["sig"]?.innerList else {
            throw MessageSignatureRefusal.malformedField("signature-input")
        }
        return try MessageSignature(LabelledSignature(label: "sig", input: list, signature: bytes(signature)))
    }
}
