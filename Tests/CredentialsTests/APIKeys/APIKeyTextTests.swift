import OAuthProtocol
import Testing

@Suite struct APIKeyTextTests {
    private func key(_ kind: APIKeyText.Kind = .live, seed: UInt8 = 7) -> APIKeyText {
        var state = seed
        return APIKeyText(kind: kind) {
            state = state &* 73 &+ 41
            return state
        }
    }

    @Test(arguments: APIKeyText.Kind.allCases)
    func `a key reads back as what was made`(kind: APIKeyText.Kind) throws {
        let made = key(kind)
        let read = try APIKeyText(parsing: made.text)
        #expect(read.kind == kind)
        #expect(read.keyID == made.keyID)
        #expect(made.text.wholeMatch(of: /gh_(live|test|pub)_[0-9A-Za-z]{65}/) != nil)
    }

    @Test func `every mistyped character is found by the checksum`() throws {
        let text = Array(key().text)
        for index in 8..<text.count {
            var mistyped = text
            mistyped[index] = text[index] == "x" ? "y" : "x"
            #expect(throws: APIKeyText.Flaw.checksum) { try APIKeyText(parsing: String(mistyped)) }
        }
    }

    @Test func `a truncated or lengthened key is found`() {
        let text = key().text
        #expect(throws: APIKeyText.Flaw.checksum) { try APIKeyText(parsing: String(text.dropLast())) }
        #expect(throws: APIKeyText.Flaw.checksum) { try APIKeyText(parsing: text + "0") }
        #expect(throws: APIKeyText.Flaw.checksum) { try APIKeyText(parsing: "gh_live_") }
    }

    @Test(arguments: ["", "gh_", "gh_live", "ghp_abc", "gh_live_\u{e9}", "gh_live_ ", "GH_LIVE_0", "gh_live_a\u{0}b"])
    func `what is no key is no key`(text: String) {
        #expect(throws: APIKeyText.Flaw.malformed) { try APIKeyText(parsing: text) }
    }

    @Test func `the checksum is CRC-32 in base 62`() {
        // CRC-32 of "123456789" is 0xCBF43926 (the check value of ISO-HDLC).
        let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        let value = APIKeyText.checksum(of: "123456789").reduce(0) { $0 * 62 + (digits.firstIndex(of: $1) ?? 0) }
        #expect(value == 0xCBF4_3926)
    }

    @Test func `a key does not print itself`() {
        let made = key()
        #expect(!"\(made)".contains(made.text))
        #expect(!String(reflecting: made).contains(made.text.suffix(20)))
    }
}
