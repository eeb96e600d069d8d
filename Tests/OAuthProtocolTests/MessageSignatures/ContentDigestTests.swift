import Testing

@testable import OAuthProtocol

@Suite("Content-Digest")
struct ContentDigestTests {
    private let body = Array("{\"hello\": \"world\"}\n".utf8)
    private let sha256 = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    private let sha512 = "sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw7yZ/WkppmM44T3qg==:"

    @Test func `the examples of RFC 9530 come out the same`() throws {
        #expect(ContentDigest(of: body).text == sha256)
        #expect(ContentDigest(of: body, algorithm: .sha512).text == sha512)
        #expect(ContentDigest(of: []).text == "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:")
        #expect(ContentDigest(of: Array("\"world\"}\n".utf8)).text == "sha-256=:jjcgBDWNAtbYUXI37CVG3gRuGOAjaaDRGpIUFsdyepQ=:")
    }

    @Test func `every digest that we know must match`() throws {
        for text in [sha256, sha512, "\(sha256),\(sha512)", "md5=:AQI=:, \(sha256)", "\(sha256), unixsum=:AQI=:, x", "x=(1), \(sha256)"] {
            let digest = try ContentDigest(parsing: text.utf8)
            #expect(digest.matches(body) && !digest.matches(body + [0]) && !digest.matches([]), "\(text)")
        }
        let other = ContentDigest(of: [], algorithm: .sha512).text
        #expect(try !ContentDigest(parsing: "\(sha256), \(other)".utf8).matches(body))
        #expect(try !ContentDigest(parsing: "\(other), \(sha256)".utf8).matches([]))
    }

    @Test(arguments: ["", "md5=:AQI=:", "sha=:AQI=:, unixsum=30637", "sha-384=:AQI=:"])
    func `a field without a digest that we trust is refused`(text: String) {
        #expect(throws: MessageSignatureRefusal.noKnownDigest) { try ContentDigest(parsing: text.utf8) }
    }

    @Test(arguments: [
        "sha-256", "sha-256=1", "sha-256=\"RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=\"", "sha-256=:AQI=:", "sha-256=::",
        "sha-512=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", "sha-256=(:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:)",
        "SHA-256=RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=",
        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:, sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
    ])
    func `a field that is no dictionary of digests is refused`(text: String) {
        #expect(throws: MessageSignatureRefusal.malformedField("content-digest")) { try ContentDigest(parsing: text.utf8) }
    }

    @Test func `a field has a limit`() {
        let many = (0..<17).map { "a\($0)=:AQI=:" }.joined(separator: ", ")
        #expect(throws: MessageSignatureRefusal.malformedField("content-digest")) { try ContentDigest(parsing: many.utf8) }
        #expect(throws: MessageSignatureRefusal.fieldTooLarge("content-digest")) {
            try ContentDigest(parsing: (sha256 + String(repeating: " ", count: 2_048)).utf8)
        }
    }
}
