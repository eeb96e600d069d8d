import OAuthProtocol
import Testing

@Suite struct DistinguishedNameTests {
    private func name(_ text: String) throws -> DistinguishedName {
        try #require(DistinguishedName(parsing: text), "\(text)")
    }

    @Test(
        arguments: [
            ("CN=billing,O=Example", "cn=Billing, o=EXAMPLE"), ("CN=billing,O=Example", "2.5.4.3=billing,OID.2.5.4.10=example"),
            ("CN=a  b,O=x", "CN= a b ,O=x"), ("CN=a\\,b", "CN=a\\2cb"), ("CN=a+OU=b,O=c", "OU=b+CN=a,O=c"),
            ("CN=J\\C3\\BCrgen", "CN=jürgen"),
            ("CN=#0c03616263", "CN=abc"), ("emailAddress=a@b.example", "E=a@b.example"), ("CN=u\u{308}", "CN=ü"),
            ("CN = x, O = y", "CN=x,O=y"),
            ("CN=\\ leading", "CN=leading"), ("CN=a\\+b", "CN=a\\2Bb"),
        ])
    func `names that mean the same are equal`(_ one: String, _ other: String) throws {
        #expect(try name(one) == name(other))
        #expect(try name(one).hashValue == name(other).hashValue)
    }

    @Test(
        arguments: [
            ("CN=billing,O=Example", "O=Example,CN=billing"), ("CN=billing,O=Example", "CN=billing"),
            ("CN=billing", "CN=billing,O=Example"),
            ("CN=billing", "OU=billing"), ("CN=billing", "CN=billing2"), ("CN=a+OU=b,O=c", "CN=a,OU=b,O=c"), ("CN=ab", "CN=a b"),
            ("CN=billing,O=Example", "CN=billing\\,O=Example"), ("CN=billing", "CN=billing\\00"), ("CN=a,CN=b", "CN=b,CN=a"),
            ("CN=billing", "CN=bi\u{200B}lling"), ("CN=paypal", "CN=pаypal"),
        ])
    func `a near miss is another name`(_ one: String, _ other: String) throws {
        #expect(DistinguishedName(parsing: one) != DistinguishedName(parsing: other))
    }

    @Test(
        arguments: [
            "", " ", "CN", "CN=", "CN= ", "=x", "CN=a,", ",CN=a", "CN=a;O=b", "CN=\"a\"", "CN=a<b", "CN=a\\", "CN=a\\g0", "CN=a\\0", "XX=a",
            "1=a", "1..2=a", "01.2=a", "CN=#", "CN=#0c", "CN=#0c0361", "CN=#0203010001", "CN=\\ff", "CN=a+CN=a", "CN=a+", "CN=a\u{0}b",
            "CN=\\00", String(repeating: "CN=a,", count: 900) + "CN=a",
        ])
    func `what is no name is refused`(_ text: String) {
        #expect(DistinguishedName(parsing: text) == nil)
    }

    @Test func `the text stands in reverse`() throws {
        let name = try name("CN=billing,O=Example")
        #expect(name.relativeNames == [[.init(type: "2.5.4.10", text: "Example")], [.init(type: "2.5.4.3", text: "Billing")]])
    }

    @Test func `no input breaks the reader`() {
        var state: UInt64 = 7
        func next() -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33)
        }
        let alphabet = Array("CN=OU,+\\#\"; 0aff2c<>.".utf8) + [0xC3, 0xBC, 0, 0xFF]
        for _ in 0..<3_000 {
            let bytes = (0..<next() % 40).map { _ in alphabet[next() % alphabet.count] }
            let text = String(decoding: bytes, as: UTF8.self)
            if let name = DistinguishedName(parsing: text) { #expect(!name.isEmpty && DistinguishedName(parsing: text) == name) }
        }
    }

    @Test(
        arguments: [
            (CertificateNameRule.Member.sanDNS, "*.example.org"), (.sanDNS, "a b"), (.sanDNS, ""), (.sanURI, "no-scheme"),
            (.sanIP, "1.2.3"),
            (.sanIP, "::g"), (.sanEmail, "nobody"), (.subjectDN, "billing"),
        ])
    func `a name that no certificate could carry is not registered`(_ member: CertificateNameRule.Member, _ text: String) {
        #expect(throws: OAuthError.self) { try CertificateNameRule(member, text) }
    }

    @Test func `an address is the same however it is spelt`() throws {
        #expect(try CertificateNameRule(.sanIP, "2001:db8::1").name == CertificateNameRule(.sanIP, "2001:0DB8:0:0:0:0:0:1").name)
        #expect(try CertificateNameRule(.sanIP, "192.0.2.1").name != CertificateNameRule(.sanIP, "::ffff:192.0.2.1").name)
    }
}
