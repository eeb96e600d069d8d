import Testing

@testable import OAuthProtocol

@Suite("Structured fields")
struct StructuredFieldTests {
    private func dictionary(_ text: String, limits: StructuredFieldLimits = .init()) throws -> String {
        try StructuredDictionary(parsing: text.utf8, limits: limits).text
    }

    private func item(_ text: String) throws -> StructuredValue {
        try StructuredItem(parsing: text.utf8).value
    }

    private func written(_ value: StructuredValue) -> String {
        var output: [UInt8] = []
        value.write(into: &output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test(arguments: [
        ("a=1,    b=2;x=1;y=2,   c=(a   b   c)", "a=1, b=2;x=1;y=2, c=(a b c)"),
        ("a=?1, b;x, c=?0;y=?1", "a, b;x, c=?0;y"),
        ("  a=( )  ", "a=()"),
        ("a=(\"x\";p=1  tok;q=:AQI=:);r=\"s\"", "a=(\"x\";p=1 tok;q=:AQI=:);r=\"s\""),
        ("a=00042, b=-0, c=1.500, d=-0.25, e=12.0", "a=42, b=0, c=1.5, d=-0.25, e=12.0"),
        ("a=1\t,\tb=2", "a=1, b=2"),
        ("*k-_.9=*tok:/n", "*k-_.9=*tok:/n"),
        ("a=1;  b;   c=2", "a=1;b;c=2"),
        ("", ""),
    ])
    func `a dictionary is written in its one form`(text: String, canonical: String) throws {
        #expect(try dictionary(text) == canonical)
        #expect(try dictionary(canonical) == canonical)
    }

    @Test func `bare items are read by their first byte`() throws {
        #expect(try item("42") == .integer(42))
        #expect(try item("-999999999999999") == .integer(-999_999_999_999_999))
        #expect(try item("4.5") == .decimal(thousandths: 4_500))
        #expect(try item("-999999999999.999") == .decimal(thousandths: -999_999_999_999_999))
        #expect(try item(#""a \"b\" \\c""#) == .string(#"a "b" \c"#))
        #expect(try item("text/html;q=1") == .token("text/html"))
        #expect(try item(":cHJldGVuZCB0aGlzIGlzIGJpbmFyeQ==:") == .bytes(Array("pretend this is binary".utf8)))
        #expect(try item("::") == .bytes([]))
        #expect(try item("?1") == .boolean(true))
    }

    @Test func `values are written as RFC 9651 says`() {
        #expect(written(.decimal(thousandths: 1_050)) == "1.05")
        #expect(written(.decimal(thousandths: -5)) == "-0.005")
        #expect(written(.decimal(thousandths: 0)) == "0.0")
        #expect(written(.string(#"q"\"#)) == #""q\"\\""#)
        #expect(written(.bytes([0xFB, 0xFF])) == ":+/8=:")
        #expect(written(.boolean(false)) == "?0")
    }

    @Test(arguments: [
        "a=1,", "a=1,,b=2", ",a=1", "a=1 b=2", "A=1", "1=1", "a=", "a=1;", "a=1;B=2", "a=(1", "a=(1)x", "a=(1,2)", "a=1)", "a=(1\t2)",
        "a=\"x", "a=\"\\x\"", "a=\"\u{7F}\"", "a=\"é\"", "a=\"\n\"", "a=:AQI", "a=:AQI:", "a=:AQI==:", "a=:AQJ=:", "a=:A Q=:", "a=:-_8=:",
        "a=?2", "a=?", "a=-", "a=1.", "a=1.2345", "a=1234567890123.1", "a=1234567890123456", "a=.5", "a=--1", "a=@1659578233", "a=%\"x\"",
        "a=1\u{0}", "a=\u{FF}",
    ])
    func `what breaks the grammar is refused`(text: String) {
        #expect {
            try StructuredDictionary(parsing: text.utf8)
        } throws: {
            if case StructuredFieldError.malformed = $0 { true } else { false }
        }
    }

    @Test func `a key or parameter that occurs twice is refused`() {
        #expect(throws: StructuredFieldError.duplicateKey("a")) { try StructuredDictionary(parsing: "a=1, b=2, a=3".utf8) }
        #expect(throws: StructuredFieldError.duplicateParameter("x")) { try StructuredDictionary(parsing: "a=1;x=1;y;x=1".utf8) }
        #expect(throws: StructuredFieldError.duplicateParameter("x")) { try StructuredDictionary(parsing: "a=();x;x".utf8) }
    }

    @Test func `everything has a limit`() {
        let limits = StructuredFieldLimits(bytesMax: 64, membersMax: 2, itemsMax: 2, parametersMax: 2)
        #expect(throws: StructuredFieldError.tooManyMembers) { try dictionary("a, b, c", limits: limits) }
        #expect(throws: StructuredFieldError.tooManyItems) { try dictionary("a=(1 2 3)", limits: limits) }
        #expect(throws: StructuredFieldError.tooManyParameters) { try dictionary("a;b;c;d", limits: limits) }
        #expect(throws: StructuredFieldError.tooLarge) { try dictionary("a=\"" + String(repeating: "x", count: 61) + "\"", limits: limits) }
        #expect(throws: StructuredFieldError.tooLarge) { try dictionary(String(repeating: "k", count: 129)) }
        #expect(throws: StructuredFieldError.tooManyMembers) { try StructuredList(parsing: "1, 2, 3".utf8, limits: limits) }
    }

    @Test func `a list keeps its members and their parameters`() throws {
        let list = try StructuredList(parsing: "sugar;x,  (a b);y=1 , \"rum\"".utf8)
        var output: [UInt8] = []
        list.write(into: &output)
        #expect(list.members.count == 3 && String(decoding: output, as: UTF8.self) == "sugar;x, (a b);y=1, \"rum\"")
        #expect(throws: StructuredFieldError.self) { try StructuredList(parsing: "a, ".utf8) }
    }

    @Test func `padded base64 has one spelling`() {
        #expect(Base64.encode([]) == "" && Base64.encode([0xFB]) == "+w==" && Base64.encode([0xFB, 0xFF]) == "+/8=")
        #expect(Base64.decode(utf8: "+/8=".utf8) == [0xFB, 0xFF] && Base64.decode(utf8: "".utf8) == [])
        for text in ["+/8", "-_8=", "+/9=", "+w=", "+w===", "====", "=", "+w==\n", "+ w="] {
            #expect(Base64.decode(utf8: text.utf8) == nil, "\(text)")
        }
    }

    @Test func `padded base64 comes back for every length, and every byte that is no letter is refused`() {
        for count in 0...70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ count) }
            let text = Base64.encode(bytes)
            #expect(Base64.decode(text) == bytes && Base64.decode(utf8: Array(text.utf8)[...]) == bytes)
        }
        let letters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for byte in UInt8.min...UInt8.max {
            for position in 0..<4 {
                var text = Array("AAAA".utf8)
                text[position] = byte
                // The last may also be padding: then the one before it has to end in zeros, as an A does.
                let isRight = letters.contains(byte) || (position == 3 && byte == UInt8(ascii: "="))
                #expect((Base64.decode(utf8: text) != nil) == isRight, "\(byte) at \(position)")
            }
        }
    }

    @Test func `strings are read with their escapes and without, and nothing else stands in them`() throws {
        #expect(try StructuredItem(parsing: #""a\"b\\c""#.utf8).value == .string(#"a"b\c"#))
        #expect(try StructuredItem(parsing: #""\\""#.utf8).value == .string(#"\"#))
        #expect(try StructuredItem(parsing: "\"\"".utf8).value == .string(""))
        for text in [#"""#, #""a"#, #""a\"#, #""a\b""#, #""a\"#, "\"a\u{7F}\"", "\"\\\"é\"", "\"é\"", "\"a\nb\"", "\"\\\"\t\""] {
            #expect(throws: StructuredFieldError.self, "\(text)") { try StructuredItem(parsing: text.utf8) }
        }
    }
}
