import Testing

@testable import OAuthProtocol

@Suite("JSONValue")
struct JSONValueTests {
    private func parse(_ text: String) throws(JSONError) -> JSONValue { try JSONValue(parsing: text.utf8) }

    @Test("reads every kind of value")
    func kinds() throws {
        let value = try parse(
            #" { "a" : [ 1 , -2.5e1 , true , false , null , "x\n\u00e9\ud83d\ude00\/" ] , "b" : { } , "c":[], "n":-0, "big":9223372036854775808 } "#
        )
        #expect(value["a"] == [1, -25.0, true, false, .null, "x\né😀/"])
        #expect(value["b"] == .object([:]))
        #expect(value["c"] == .array([]))
        #expect(value["n"]?.int == 0)
        #expect(value["big"] == .double(9_223_372_036_854_775_808))
        #expect(value["a"]?[0]?.int == 1)
        #expect(value["a"]?[6] == nil)
        #expect(value["absent"] == nil)
    }

    @Test(
        "refuses what RFC 8259 doesn't know",
        arguments: [
            "", " ", "{", "}", "[1,]", "[,1]", "{\"a\":1,}", "{a:1}", "{'a':1}", "01", "1.", ".5", "+1", "1e", "- 1", "--1", "0x10", "NaN",
            "Infinity", "tru", "nul", "\"", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"a\nb\"", "\"\t\"", "1 2", "{} {}", "[1] x",
            "{\"a\" 1}",
            "{\"a\":}", "{1:2}", "[1 2]", "// c\n1", "\u{FEFF}1", "1e999", "-1e999",
        ])
    func malformed(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test("the members of an object keep their order, and no two have one name")
    func members() throws {
        let members = try JSONMembers(parsing: #" {"b": [1], "\u0061": {"x": null}, "c":"\"é\\ and more than sixteen bytes"} "#.utf8)
        #expect(members.names == ["b", "a", "c"])
        #expect(members["a"] == ["x": .null] && members["b"] == [1] && members["c"] == #""é\ and more than sixteen bytes"#)
        #expect(members["d"] == nil && JSONMembers()["a"] == nil)
        #expect(try JSONMembers(parsing: "{ }".utf8).names == [])
        for text in ["", "[]", "1", "{", "{} {}", "{\"a\":1,}", "[{\"a\":1}]", "{\"a\":{\"b\":1,\"b\":1}}"] {
            #expect(throws: JSONError.self, "\(text)") { try JSONMembers(parsing: text.utf8) }
        }
        for count in [1, 2, 15, 16, 40] {
            let distinct = (0..<count).map { "\"m\($0)\":\($0)" }
            #expect(try JSONMembers(parsing: "{\(distinct.joined(separator: ","))}".utf8).names.count == count)
            let twice = (distinct + ["\"m0\":0"]).joined(separator: ",")
            #expect(throws: JSONError.duplicateMember) { try JSONMembers(parsing: "{\(twice)}".utf8) }
        }
    }

    @Test("every byte stands in a string as RFC 8259 says, wherever it is")
    func strings() throws {
        for before in 0..<10 {
            let plain = String(repeating: "x", count: before)
            for byte in UInt8(0x00)..<0x80 {
                let text = "\"\(plain)\(String(UnicodeScalar(byte)))yyyyyyyy\""
                let isPlain = byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
                #expect((try? parse(text)) == (isPlain ? .string(String(text.dropFirst().dropLast())) : nil), "\(byte)")
                if byte == 0 { continue }
                var writer = JSONWriter()
                writer.value(utf8: Array(text.utf8))
                #expect(try JSONValue(parsing: writer.bytes) == .string(text))
            }
            #expect(throws: JSONError.notUTF8) { try JSONValue(parsing: Array("\"\(plain)".utf8) + [0xFF] + Array("\"".utf8)) }
        }
    }

    @Test("refuses duplicate members, also when one is spelled with an escape")
    func duplicates() {
        #expect(throws: JSONError.duplicateMember) { try parse(#"{"a":1,"a":1}"#) }
        #expect(throws: JSONError.duplicateMember) { try parse(#"{"alg":"none","\u0061lg":"RS256"}"#) }
        #expect(throws: JSONError.duplicateMember) { try parse(#"{"x":{"a":1,"a":2}}"#) }
    }

    @Test("refuses NUL and half surrogates", arguments: [#""\u0000""#, #""\ud800""#, #""\udc00""#, #""\ud800\u0041""#, #""\ud800x""#])
    func forbidden(text: String) {
        #expect(throws: JSONError.forbiddenCharacter) { try parse(text) }
    }

    @Test(
        "refuses bytes that aren't UTF-8",
        arguments: [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82]])
    func notUTF8(bytes: [UInt8]) {
        #expect(throws: JSONError.notUTF8) { try JSONValue(parsing: bytes) }
    }

    @Test("bounds depth and size")
    func bounds() throws {
        let bomb = String(repeating: "[", count: 60_000)
        #expect(throws: JSONError.tooDeep) { try parse(bomb) }
        #expect(throws: JSONError.tooDeep) { try parse(String(repeating: "{\"a\":", count: 17)) }
        #expect(throws: Never.self) { try parse(String(repeating: "[", count: 16) + String(repeating: "]", count: 16)) }
        #expect(throws: JSONError.tooLarge) { try JSONValue(parsing: "[1,2,3]".utf8, bytesMax: 6) }
        #expect(throws: Never.self) { try JSONValue(parsing: "[1,2,3]".utf8, bytesMax: 7) }
    }

    @Test("accessors answer nil for other kinds")
    func accessors() {
        let text: JSONValue = "1"
        #expect(text.int == nil && text.bool == nil && text.array == nil && text.object == nil && text.double == nil)
        #expect(JSONValue.double(1.5).int == nil)
        #expect(JSONValue.double(3).int == 3)
        #expect(JSONValue.double(1e300).int == nil)
        #expect(JSONValue.array(["a", "b"]).strings == ["a", "b"])
        #expect(JSONValue.array(["a", 1]).strings == nil)
        #expect(JSONValue.null.isNull)
    }

    @Test("encodes with sorted names, and comes back")
    func encoding() throws {
        let value: JSONValue = ["b": [1, 2.5, .null, true], "a": "q\"\\\n\u{1}é", "c": ["z": 1e100]]
        let bytes = value.encoded()
        #expect(String(decoding: bytes, as: UTF8.self) == #"{"a":"q\"\\\n\u0001é","b":[1,2.5,null,true],"c":{"z":1e+100}}"#)
        #expect(try JSONValue(parsing: bytes) == value)
    }
}

@Suite("JSONWriter")
struct JSONWriterTests {
    @Test("writes members in order, escaped")
    func members() throws {
        var writer = JSONWriter()
        writer.object {
            $0.field("iss", "https://id.example")
            $0.field("iat", 1_700_000_000)
            $0.field("min", Int.min)
            $0.field("zero", 0)
            $0.field("aud", ["a", "b\"c"])
            $0.field("none", [String]())
            $0.field("flag", true)
            $0.field("absent", ifPresent: String?.none)
            $0.field("nonce", ifPresent: "n\u{0}\u{1F}\t\r\n\\")
            $0.field("json", .array([.null, 1]))
            $0.object("nested") { $0.field("deep", false) }
            $0.array("list") { list in
                list.value(1)
                list.object { $0.field("x", 2) }
                list.null()
            }
            $0.field("raw", raw: "{}".utf8)
        }
        let expected =
            #"{"iss":"https://id.example","iat":1700000000,"min":-9223372036854775808,"zero":0,"aud":["a","b\"c"],"none":[],"flag":true,"#
            + #""nonce":"n\u0000\u001f\t\r\n\\","json":[null,1],"nested":{"deep":false},"list":[1,{"x":2},null],"raw":{}}"#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }

    @Test("never writes infinities")
    func infinities() {
        #expect(JSONValue.array([.double(.infinity), .double(.nan), .double(0.5)]).encoded() == Array("[null,null,0.5]".utf8))
    }
}
