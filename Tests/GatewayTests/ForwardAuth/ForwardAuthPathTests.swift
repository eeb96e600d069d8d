import Testing

@testable import Gateway

@Suite struct ForwardAuthPathTests {
    private func read(_ target: String) -> String? {
        (try? ForwardAuthPath(requestTarget: target)).map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test(arguments: [
        ("/", "/"), ("/api", "/api"), ("/api/", "/api/"), ("/api?x=/../y&z=%2e%2e", "/api"), ("/%61dmin", "/admin"), ("/a%20b", "/a b"),
        ("/caf%C3%A9", "/café"), ("/a.b/...c/.well-known", "/a.b/...c/.well-known"), ("/a:b@c!$&'()*+,=~_-", "/a:b@c!$&'()*+,=~_-"),
    ])
    func `a path of one reading is decoded`(target: String, path: String) {
        #expect(read(target) == path)
    }

    /// What servers, frameworks and file systems are known to read in different ways.
    static let ambiguous = [
        "", "api", "*", "http://app.example.org/api", "//", "//evil.example/api", "/api//admin", "/api/./admin", "/api/../admin", "/..",
        "/.", "/api/..", "/api/%2e%2e/admin", "/api/%2E./admin", "/api/.%2e", "/api/%2e", "/api%2Fadmin", "/api%2fadmin", "/api/..%2fadmin",
        "/api%5Cadmin", "/api%5cadmin", "/api\\admin", "/api/..\\admin", "/api%00", "/api%00.png", "/%00/admin", "/api;x=1", "/api;/admin",
        "/api/..;/admin", "/api%3Bx", "/api%252e%252e/admin", "/api/%252fadmin", "/%25", "/api%", "/api%2", "/api%zz", "/api%u002e",
        "/api%0a", "/api%0D%0Ax", "/api%09", "/api%7F", "/api%C0%AE%C0%AE/", "/api%C0%AF", "/api%E0%80%AF", "/api%FF", "/api%ED%A0%80",
        "/api%C3", "/api#x", "/api%23x", "/api%3Fx", "/api admin", "/api\tadmin", "/api\u{0}", "/api\u{7F}", "/café", "/api\"", "/<api>",
        "/api|x",
        "/api^x", "/api`x", "/{api}", "/[api]", "/" + String(repeating: "a", count: 8_192),
    ]

    @Test(arguments: ambiguous)
    func `a path of more than one reading is refused`(target: String) {
        #expect(read(target) == nil)
    }

    @Test func `a prefix ends at a slash`() throws {
        let place = try #require(ForwardAuthPlace.Path(parsing: "/api/*"))
        func matches(_ target: String) throws -> Bool { place.matches(try ForwardAuthPath(requestTarget: target)) }
        #expect(try matches("/api"))
        #expect(try matches("/api/"))
        #expect(try matches("/api/a/b?c"))
        #expect(try matches("/%61pi/x"))
        #expect(try !matches("/apis"))
        #expect(try !matches("/"))
        #expect(try !matches("/API/x"))
        let exact = try #require(ForwardAuthPlace.Path(parsing: "/login"))
        #expect(exact.matches(try ForwardAuthPath(requestTarget: "/login?x")))
        #expect(!exact.matches(try ForwardAuthPath(requestTarget: "/login/")))
    }

    @Test(arguments: ["", "api", "/a*", "/a/*/b", "*", "/a/**", "/a//*", "/../*", "/a?b", "/a;b/*"])
    func `a pattern that is none is refused`(text: String) {
        #expect(ForwardAuthPlace.Path(parsing: text) == nil)
    }

    @Test func `letters that Swift holds equal are different bytes`() throws {
        let composed = try #require(ForwardAuthPlace.Path(parsing: "/caf%C3%A9"))
        #expect(composed.matches(try ForwardAuthPath(requestTarget: "/caf%C3%A9")))
        #expect(!composed.matches(try ForwardAuthPath(requestTarget: "/cafe%CC%81")))
    }
}
