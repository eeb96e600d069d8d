import Testing

@testable import OAuthProtocol

@Suite("Parameters")
struct ParametersTests {
    private func parse(_ text: String) throws(OAuthError) -> Parameters { try Parameters(urlEncoded: text.utf8) }

    @Test("decodes names and values")
    func decoding() throws {
        let parameters = try parse("grant_type=client_credentials&scope=a+b%20c&%73tate=%C3%A9%3D%26&empty=&flag&&x=a=b")
        #expect(try parameters.required("grant_type") == "client_credentials")
        #expect(try parameters.required("scope") == "a b c")
        #expect(try parameters.required("state") == "é=&")
        #expect(try parameters.optional("empty") == nil)
        #expect(try parameters.optional("flag") == nil)
        #expect(try parameters.optional("absent") == nil)
        #expect(try parameters.optional("x") == "a=b")
        #expect(parameters.contains("flag") && !parameters.contains("fla"))
        #expect(parameters.names == ["grant_type", "scope", "state", "empty", "flag", "x"])
        #expect(try parse("").isEmpty)
    }

    @Test("a required parameter that is absent or empty is named")
    func missing() {
        for text in ["a=1", "code=", "code"] {
            #expect(throws: OAuthError.invalidRequest("The parameter code is missing.")) { try parse(text).required("code") }
        }
    }

    @Test("a repeated parameter is refused, in whatever spelling", arguments: ["a=1&a=2", "a=1&a=1", "a=&a=1", "a&a", "a=1&%61=1"])
    func repeated(text: String) throws {
        let parameters = try parse(text)
        #expect(throws: OAuthError.invalidRequest("The parameter a is repeated.")) { try parameters.optional("a") }
        #expect(parameters.firstDuplicate == "a")
        #expect(try parse("a=1&b=2").firstDuplicate == nil)
    }

    @Test("a parameter that may repeat gives every value")
    func all() throws {
        #expect(try parse("resource=a&x=1&resource=b&resource=").all("resource") == ["a", "b"])
        #expect(throws: OAuthError.self) { try parse("resource=a%0A").all("resource") }
        #expect(throws: OAuthError.self) { try parse("resource=abcd").all("resource", bytesMax: 3) }
    }

    @Test(
        "broken escapes are refused wherever they are",
        arguments: ["a=%", "a=%4", "a=%4&b=1", "a=%G1", "%zz=1", "a=1&%", "a=%u0041", "a=%%41", "a=% 41"])
    func brokenEscapes(text: String) {
        #expect(throws: OAuthError.invalidRequest("The parameters hold a broken percent-escape.")) { try parse(text) }
    }

    @Test("NUL is refused, raw or escaped", arguments: ["a=\u{0}", "a=x%00", "%00=1", "\u{0}"])
    func nul(text: String) {
        #expect(throws: OAuthError.invalidRequest("The parameters hold a NUL character.")) { try parse(text) }
    }

    @Test("bytes that aren't UTF-8 are refused", arguments: ["a=%FF", "a=%C0%80", "a=%ED%A0%80", "%80=1", "a=%E2%82", "x=%F5%80%80%80"])
    func notUTF8(text: String) {
        #expect(throws: OAuthError.invalidRequest("The parameters are not valid UTF-8.")) { try parse(text) }
    }

    @Test("raw bytes that aren't UTF-8 are refused, also when cut by a delimiter")
    func rawNotUTF8() {
        for bytes: [UInt8] in [[0x61, 0x3D, 0xFF], [0xC3, 0x3D, 0xA9], [0x61, 0x3D, 0xC3, 0x26, 0xA9]] {
            #expect(throws: OAuthError.self) { try Parameters(urlEncoded: bytes) }
        }
    }

    @Test(
        "control characters are refused on access, and name the parameter", arguments: ["%0D%0A", "%0A", "a%09", "%7F", "%1B", "\r", "\n"])
    func controls(text: String) throws {
        let parameters = try parse("state=\(text)&other=1")
        #expect(throws: OAuthError.invalidRequest("The parameter state holds a control character.")) { try parameters.optional("state") }
        #expect(throws: OAuthError.invalidRequest("The parameter state holds a control character.")) { try parameters.required("state") }
        #expect(try parameters.required("other") == "1")
    }

    @Test("values are bounded by their decoded length")
    func lengths() throws {
        let parameters = try parse("a=\(String(repeating: "x", count: 4_096))&b=\(String(repeating: "%41", count: 4_097))")
        #expect(try parameters.required("a").utf8.count == 4_096)
        #expect(throws: OAuthError.invalidRequest("The parameter a is too long.")) { try parameters.optional("a", bytesMax: 4_095) }
        #expect(throws: OAuthError.invalidRequest("The parameter b is too long.")) { try parameters.optional("b") }
        #expect(throws: OAuthError.invalidRequest("The parameter b is too long.")) { try parameters.optional("b", bytesMax: 100) }
    }

    @Test("the count and the whole are bounded")
    func bounds() throws {
        #expect(throws: Never.self) { try parse(String(repeating: "a=1&", count: 100)) }
        #expect(throws: OAuthError.invalidRequest("The request has too many parameters.")) {
            try parse(String(repeating: "a=1&", count: 101))
        }
        #expect(throws: OAuthError.payloadTooLarge()) { try Parameters(urlEncoded: "a=12345".utf8, bytesMax: 6) }
    }

    @Test("a name that Unicode holds equal to another is another name")
    func canonicalEquivalents() throws {
        #expect(try parse("%E2%84%AA=1").optional("K") == nil)
    }

    @Test("encodes so that it decodes again")
    func encoding() throws {
        let pairs = [("a b", "1&2=3+%"), ("é", "😀~-._"), ("n", "")]
        let text = Parameters.encode(pairs)
        #expect(text == "a%20b=1%262%3D3%2B%25&%C3%A9=%F0%9F%98%80~-._&n=")
        let parameters = try parse(text)
        #expect(parameters.pairs.map(\.name) == pairs.map(\.0))
        #expect(parameters.pairs.map(\.value) == pairs.map(\.1))
    }

    @Test("never prints values")
    func secrecy() throws {
        #expect("\(try parse("password=hunter2"))" == "Parameters(password)")
    }
}
