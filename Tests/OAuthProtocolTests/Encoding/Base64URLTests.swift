import Testing

@testable import OAuthProtocol

@Suite("Base64URL")
struct Base64URLTests {
    @Test(
        "follows the vectors of RFC 4648 §10, without padding",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
        ])
    func vectors(plain: String, coded: String) {
        #expect(Base64URL.encode(plain.utf8) == coded)
        #expect(Base64URL.decode(coded) == Array(plain.utf8))
        var buffer: [UInt8] = [0x2E]
        Base64URL.encode(plain.utf8, into: &buffer)
        #expect(String(decoding: buffer, as: UTF8.self) == "." + coded)
    }

    @Test("uses the alphabet of RFC 4648 §5")
    func alphabet() {
        #expect(Base64URL.encode([0xFB, 0xEF, 0xBE, 0xFF]) == "----_w")
        #expect(Base64URL.decode("----_w") == [0xFB, 0xEF, 0xBE, 0xFF])
    }

    @Test(
        "refuses every spelling but the canonical one",
        arguments: ["Zg==", "Zh", "Zm9", "Z", "Zm9v\n", " Zm9v", "Zm+v", "Zm/v", "Zm9é", "Zg="])
    func refusals(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test("comes back for every length and byte")
    func roundTrip() {
        for count in 0...70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            let text = Base64URL.encode(bytes)
            #expect(text.utf8.count == Base64URL.encodedCount(count))
            #expect(Base64URL.decode(text) == bytes)
            #expect(Base64URL.decode(utf8: Array(text.utf8)[...]) == bytes)
        }
    }

    @Test("one changed letter never decodes to the same bytes")
    func unambiguous() throws {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text = Array(Base64URL.encode([1, 2, 3, 4]).utf8)
        let bytes = Base64URL.decode(utf8: text)
        let original = text[5]
        for letter in letters where letter != original {
            text[5] = letter
            #expect(Base64URL.decode(utf8: text) != bytes)
        }
    }
}

@Suite("ConstantTime")
struct ConstantTimeTests {
    @Test("tells equal from different, whatever the length")
    func comparison() {
        #expect(ConstantTime.equal([1, 2, 3], [1, 2, 3]))
        #expect(!ConstantTime.equal([1, 2, 3], [1, 2, 4]))
        #expect(!ConstantTime.equal([1, 2, 3], [0, 2, 3]))
        #expect(!ConstantTime.equal([1, 2], [1, 2, 3]))
        #expect(ConstantTime.equal([UInt8](), [UInt8]()))
        #expect(!ConstantTime.equal("K", "\u{212A}"))
    }
}
