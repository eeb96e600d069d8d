import Testing

@testable import OAuthProtocol

/// The examples of RFC 9421 §2, and what §2.5 refuses.
@Suite("Message components")
struct MessageComponentTests {
    private func request(
        _ target: String = "/path?param=value", method: String = "POST", scheme: String = "https", authority: String = "www.example.com",
        fields: [SignableMessage.Field] = []
    ) throws -> SignableMessage {
        try SignableMessage(method: method, scheme: scheme, authority: authority, requestTarget: target, fields: fields)
    }

    /// The line of one component.
    private func line(_ identifier: String, of message: SignableMessage) throws -> String {
        let base = try TestMessage.base("(\(identifier))", of: message)
        return String(base.prefix { $0 != "\n" })
    }

    private let fields: [SignableMessage.Field] = [
        ("Host", "www.example.com"), ("Date", "Tue, 20 Apr 2021 02:07:56 GMT"), ("X-OWS-Header", "   Leading and trailing whitespace.   "),
        ("Cache-Control", "max-age=60"), ("cache-control", "   must-revalidate"),
        ("Example-Dict", " a=1,    b=2;x=1;y=2,   c=(a   b   c), d"),
        ("X-Empty-Header", " "), ("Example-Header", "value, with, lots"), ("Example-Header", "of, commas"),
        ("Priority", "u=1,    i=?1"), ("Cache-Status", "A;hit,  B;fwd=miss"), ("Client-Cert", " :AQI=: "),
    ]

    @Test(arguments: [
        (#""host""#, "www.example.com"), (#""date""#, "Tue, 20 Apr 2021 02:07:56 GMT"),
        (#""x-ows-header""#, "Leading and trailing whitespace."), (#""cache-control""#, "max-age=60, must-revalidate"),
        (#""example-dict""#, "a=1,    b=2;x=1;y=2,   c=(a   b   c), d"), (#""x-empty-header""#, ""),
        (#""example-dict";key="a""#, "1"), (#""example-dict";key="d""#, "?1"), (#""example-dict";key="b""#, "2;x=1;y=2"),
        (#""example-dict";key="c""#, "(a b c)"), (#""example-dict";sf;key="c""#, "(a b c)"),
        (#""example-header""#, "value, with, lots, of, commas"),
        (#""example-header";bs"#, ":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:"), (#""x-empty-header";bs"#, "::"),
        (#""priority";sf"#, "u=1, i"), (#""cache-status";sf"#, "A;hit, B;fwd=miss"), (#""client-cert";sf"#, ":AQI=:"),
    ])
    func `fields have the values of section 2 1`(identifier: String, value: String) throws {
        #expect(try line(identifier, of: request(fields: fields)) == "\(identifier): \(value)")
    }

    @Test func `one line with commas is not two lines, once they are byte sequences`() throws {
        let message = try request(fields: [("Example-Header", "value, with, lots, of, commas")])
        #expect(
            try line(#""example-header";bs"#, of: message) == #""example-header";bs: :dmFsdWUsIHdpdGgsIGxvdHMsIG9mLCBjb21tYXM=:"#)
    }

    @Test func `a byte sequence holds bytes that a base can't`() throws {
        let message = try request(fields: [("X", "é")])
        #expect(try line(#""x";bs"#, of: message) == #""x";bs: :w6k=:"#)
        #expect(throws: MessageSignatureRefusal.unsafeComponent("x")) { try line(#""x""#, of: message) }
    }

    @Test(arguments: [
        ("@method", "POST"), ("@target-uri", "https://www.example.com/path?param=value"), ("@authority", "www.example.com"),
        ("@scheme", "https"), ("@request-target", "/path?param=value"), ("@path", "/path"), ("@query", "?param=value"),
    ])
    func `derived components have the values of section 2 2`(name: String, value: String) throws {
        #expect(try line("\"\(name)\"", of: request()) == "\"\(name)\": \(value)")
    }

    @Test(arguments: [
        ("/path?param=value&foo=bar&baz=bat%2Dman", "?param=value&foo=bar&baz=bat%2Dman"), ("/path?queryString", "?queryString"),
        ("/path", "?"), ("/path?", "?"), ("/path?a?b", "?a?b"),
    ])
    func `a query is taken as it stands, with its mark`(target: String, query: String) throws {
        #expect(try line("\"@query\"", of: request(target)) == "\"@query\": \(query)")
    }

    @Test(arguments: [
        ("WWW.Example.COM", "https", "www.example.com"), ("www.example.com:443", "https", "www.example.com"),
        ("www.example.com:80", "http", "www.example.com"), ("www.example.com:80", "https", "www.example.com:80"),
        ("www.example.com:", "https", "www.example.com"), ("[2001:DB8::1]", "https", "[2001:db8::1]"),
        ("[2001:db8::1]:443", "https", "[2001:db8::1]"), ("[::1]:8080", "http", "[::1]:8080"),
    ])
    func `an authority is normalised`(authority: String, scheme: String, value: String) throws {
        let message = try request(scheme: scheme, authority: authority)
        #expect(try line("\"@authority\"", of: message) == "\"@authority\": \(value)")
        #expect(try line("\"@target-uri\"", of: message) == "\"@target-uri\": \(scheme)://\(value)/path?param=value")
    }

    @Test func `a target in absolute form is taken apart`() throws {
        let message = try request("https://WWW.example.com?x=1", authority: "www.example.com:443")
        #expect(try line("\"@request-target\"", of: message) == "\"@request-target\": https://WWW.example.com?x=1")
        #expect(try line("\"@path\"", of: message) == "\"@path\": /")
        #expect(try line("\"@target-uri\"", of: message) == "\"@target-uri\": https://www.example.com/?x=1")
    }

    @Test(arguments: [("CONNECT", "www.example.com:80"), ("OPTIONS", "*")])
    func `a target without a path has no path to sign`(method: String, target: String) throws {
        let message = try request(target, method: method)
        #expect(try line("\"@request-target\"", of: message) == "\"@request-target\": \(target)")
        for name in ["@path", "@query", "@target-uri"] {
            #expect(throws: MessageSignatureRefusal.unresolvedComponent(name)) { try line("\"\(name)\"", of: message) }
        }
    }

    @Test(arguments: [
        ("baz", "batman"), ("qux", ""), ("param", "value"), ("var", "this%20is%20a%20big%0Amultiline%20value"),
        ("bar", "with%20plus%20whitespace"), ("fa%C3%A7ade%22%3A%20", "something"), ("tilde", "%7E*-._"), ("bare", ""),
    ])
    func `query parameters are encoded anew`(name: String, value: String) throws {
        let message = try request(
            "/path?param=value&baz=batman&qux=&var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace"
                + "&fa%C3%A7ade%22%3A%20=something&tilde=~*-._&bare&&twice=1&tw%69ce=2")
        #expect(try line("\"@query-param\";name=\"\(name)\"", of: message) == "\"@query-param\";name=\"\(name)\": \(value)")
    }

    @Test(arguments: ["/path?a=1&a=2", "/path?a=1&%61=1", "/path?b=1", "/path", "/path?a=%zz", "/path?a=%FF"])
    func `a query parameter that is missing, doubled or broken is refused`(target: String) throws {
        #expect(throws: MessageSignatureRefusal.unresolvedComponent(#""@query-param";name="a""#)) {
            try line(#""@query-param";name="a""#, of: request(target))
        }
    }

    @Test func `a response has a status and nothing else of its own`() throws {
        let message = try SignableMessage(status: 200, fields: fields)
        #expect(try line("\"@status\"", of: message) == "\"@status\": 200")
        #expect(throws: MessageSignatureRefusal.unresolvedComponent("@method")) { try line("\"@method\"", of: message) }
        #expect(throws: MessageSignatureRefusal.unresolvedComponent("@status")) { try line("\"@status\"", of: request()) }
    }

    @Test(arguments: [
        (#""@signature-params""#, MessageSignatureRefusal.unknownComponent("@signature-params")),
        (#""@unknown""#, .unknownComponent("@unknown")), (#""@Method""#, .unknownComponent("@Method")),
        (#""Date""#, .malformedComponent("Date")), (#""a b""#, .malformedComponent("a b")), (#""""#, .malformedComponent("")),
        ("date", .malformedComponent("")), ("1", .malformedComponent("")),
        (#""date";tr"#, .unsupportedParameter(component: "date", parameter: "tr")),
        (#""date";req"#, .unsupportedParameter(component: "date", parameter: "req")),
        (#""@method";req"#, .unsupportedParameter(component: "@method", parameter: "req")),
        (#""@path";name="x""#, .unsupportedParameter(component: "@path", parameter: "name")),
        (#""date";x"#, .unsupportedParameter(component: "date", parameter: "x")),
        (#""date";sf=?0"#, .unsupportedParameter(component: "date", parameter: "sf")),
        (#""date";bs=1"#, .unsupportedParameter(component: "date", parameter: "bs")),
        (#""date";key=tok"#, .unsupportedParameter(component: "date", parameter: "key")),
        (#""example-dict";bs;key="a""#, .unsupportedParameter(component: "example-dict", parameter: "bs")),
        (#""priority";sf;bs"#, .unsupportedParameter(component: "priority", parameter: "bs")),
        (#""@query-param""#, .malformedComponent("@query-param")), (#""@query-param";name=1"#, .malformedComponent("@query-param")),
        (#""@query-param";name="a";x"#, .unsupportedParameter(component: "@query-param", parameter: "x")),
        (#""date";sf"#, .unsupportedParameter(component: "date", parameter: "sf")),
        (#""x-absent""#, .unresolvedComponent("x-absent")), (#""x-absent";bs"#, .unresolvedComponent("x-absent")),
        (#""x-absent";key="a""#, .unresolvedComponent("x-absent")), (#""date";key="a""#, .malformedField("date")),
        (#""example-dict";key="e""#, .unresolvedComponent(#""example-dict";key="e""#)),
        (#""date" "date""#, .duplicateComponent(#""date""#)),
        (#""example-dict";sf;key="a" "example-dict";key="a";sf"#, .duplicateComponent(#""example-dict";key="a";sf"#)),
    ])
    func `what can't be signed is refused by name`(identifier: String, refusal: MessageSignatureRefusal) throws {
        let message = try request(fields: fields)
        #expect(throws: refusal) { try line(identifier, of: message) }
    }

    @Test(arguments: ["a\nb", "a\r\n b", "a\rb", "a\u{0}b", "a\u{1}", "a\u{7F}", "\n"])
    func `a value can't forge a line of the base`(value: String) throws {
        let message = try request(fields: [("X", value)])
        #expect(throws: MessageSignatureRefusal.unsafeComponent("x")) { try line(#""x""#, of: message) }
        if !value.contains("\u{1}") && !value.contains("\u{7F}") {
            #expect(throws: MessageSignatureRefusal.unsafeComponent("x")) { try line(#""x";bs"#, of: message) }
        }
    }

    @Test func `cookies on several lines are signed as byte sequences or not at all`() throws {
        let message = try request(fields: [("Set-Cookie", "a=b"), ("Set-Cookie", "c=d")])
        #expect(throws: MessageSignatureRefusal.unresolvedComponent("set-cookie")) { try line(#""set-cookie""#, of: message) }
        #expect(try line(#""set-cookie";bs"#, of: message) == #""set-cookie";bs: :YT1i:, :Yz1k:"#)
    }

    @Test func `values are bounded, each and together`() throws {
        let long = String(repeating: "x", count: 8_000)
        let message = try request(fields: [("X", long + long)])
        #expect(throws: MessageSignatureRefusal.componentTooLarge("x")) { try line(#""x""#, of: message) }
        #expect(throws: MessageSignatureRefusal.componentTooLarge("x")) { try line(#""x";bs"#, of: message) }
        let names = (0..<9).map { "f\($0)" }
        let many = try request(fields: names.map { ($0, long) })
        #expect(throws: MessageSignatureRefusal.componentTooLarge("f8")) {
            try TestMessage.base("(\(names.map { "\"\($0)\"" }.joined(separator: " ")))", of: many)
        }
    }

    @Test(arguments: [
        ("GET", "https", "example.com", "/a b"), ("GET", "https", "example.com", "/a\n"), ("GET", "https", "example.com", "/é"),
        ("GET", "https", "example.com", "/a#b"), ("GET", "https", "example.com", ""), ("GET", "ftp", "example.com", "/"),
        ("GET", "https", "", "/"), ("GET", "https", "user@example.com", "/"), ("GET", "https", "example.com/x", "/"),
        ("GET", "https", "example.com:x", "/"), ("GET", "https", "example.com:123456", "/"), ("GET", "https", ":443", "/"),
        ("GET", "https", "example.com", "https://other.example/"), ("GET", "https", "example.com", "http://example.com/"),
        ("GET", "https", "a\nb", "/"), ("GET /", "https", "example.com", "/"), ("", "https", "example.com", "/"),
    ])
    func `a message that isn't one is refused`(method: String, scheme: String, authority: String, target: String) {
        #expect(throws: MessageSignatureRefusal.self) {
            try SignableMessage(method: method, scheme: scheme, authority: authority, requestTarget: target, fields: [])
        }
    }

    @Test func `a message has a limit on fields, and a status of three digits`() {
        let fields: [SignableMessage.Field] = Array(repeating: ("a", "b"), count: 201)
        #expect(throws: MessageSignatureRefusal.tooManyFields) { try SignableMessage(status: 200, fields: fields) }
        #expect(throws: MessageSignatureRefusal.malformedMethod) { try SignableMessage(status: 99, fields: []) }
    }
}
