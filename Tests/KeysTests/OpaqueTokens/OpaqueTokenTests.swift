import Keys
import Runtime
import Testing

@Suite struct OpaqueTokenTests {
    @Test func `a token is its prefix and 256 bits of base64url`() {
        let token = OpaqueToken.generate(randomness: SystemRandomness(), prefix: "gh_")
        #expect(token.text.hasPrefix("gh_"))
        #expect(token.text.utf8.count == 3 + 43)
        #expect(token.text != OpaqueToken.generate(randomness: SystemRandomness(), prefix: "gh_").text)
    }

    @Test func `a hash is the SHA-256 of the whole text`() {
        // FIPS 180-2, appendix B.1
        let expected: [UInt8] = [
            0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96,
            0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
        ]
        #expect(TokenHash(of: "abc").bytes == expected)
        #expect(TokenHash(stored: expected) == TokenHash(of: "abc"))
        #expect(TokenHash(of: "abd") != TokenHash(of: "abc"))
    }

    @Test func `a stored hash of another length is refused`() {
        #expect(TokenHash(stored: []) == nil)
        #expect(TokenHash(stored: [UInt8](repeating: 0, count: 31)) == nil)
        #expect(TokenHash(stored: [UInt8](repeating: 0, count: 33)) == nil)
    }

    @Test func `neither prints itself`() {
        let token = OpaqueToken(text: "very-secret")
        var dumped = ""
        dump(token, to: &dumped)
        dump(token.hash, to: &dumped)
        for text in ["\(token)", String(reflecting: token), "\(token.hash)", String(reflecting: token.hash), dumped] {
            #expect(!text.contains("secret") && !text.contains("bytes"))
        }
    }
}
