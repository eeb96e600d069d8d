import Testing

@testable import OAuthProtocol

@Suite("CodeChallenge")
struct CodeChallengeTests {
    private let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    private let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

    @Test("follows RFC 7636 Appendix B")
    func vector() throws {
        #expect(try CodeChallenge(verifier: verifier).text == challenge)
        #expect(try CodeChallenge(s256: challenge).matches(verifier: verifier))
    }

    @Test("another verifier doesn't match")
    func mismatch() throws {
        let known = try CodeChallenge(s256: challenge)
        #expect(!known.matches(verifier: "eBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
        #expect(!known.matches(verifier: challenge))
        #expect(!known.matches(verifier: ""))
    }

    @Test(
        "refuses what isn't a digest",
        arguments: [
            "", "abc", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
        ])
    func challengeSyntax(text: String) {
        #expect(throws: OAuthError.self) { try CodeChallenge(s256: text) }
    }

    @Test("holds a verifier to RFC 7636 §4.1")
    func verifierSyntax() {
        #expect(CodeChallenge.isVerifier(String(repeating: "a", count: 43)))
        #expect(CodeChallenge.isVerifier(String(repeating: "~", count: 128)))
        #expect(!CodeChallenge.isVerifier(String(repeating: "a", count: 42)))
        #expect(!CodeChallenge.isVerifier(String(repeating: "a", count: 129)))
        #expect(!CodeChallenge.isVerifier(String(repeating: "a", count: 42) + "+"))
        #expect(!CodeChallenge.isVerifier(String(repeating: "a", count: 42) + "é"))
    }
}
