import HTTPTypes
import Hummingbird
import Runtime
import Testing

@testable import Web

@Suite struct CookieTests {
    static let local = Site(issuer: "http://localhost:8080")
    static let secure = Site(issuer: "https://id.example/")

    @Test("Under https the cookie is __Host-, Secure, HttpOnly and Lax")
    func secureCookie() {
        #expect(
            CookieRecipe.session(Self.secure).set("abc", maxAge: .hours(1)).value
                == "__Host-gatehouse_session=abc; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=3600")
    }

    @Test("On plain-http localhost it works without the prefix")
    func localCookie() {
        #expect(CookieRecipe.session(Self.local).set("abc").value == "gatehouse_session=abc; Path=/; HttpOnly; SameSite=Lax")
        #expect(CookieRecipe.session(Self.local).clear().value == "gatehouse_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0")
    }

    @Test(
        "A cookie is read among others, however the fields are split",
        arguments: [
            ["gatehouse_session=abc"], ["a=1; gatehouse_session=abc; b=2"], ["a=1", "gatehouse_session=abc"],
            ["xgatehouse_session=no; gatehouse_session=abc", "gatehouse_session_x=no"],
        ])
    func read(fields: [String]) {
        #expect(CookieRecipe.session(Self.local).read(request(fields)) == "abc")
    }

    @Test(
        "A cookie that is absent, empty, sent twice, over-long or oddly written is no cookie",
        arguments: [
            [], ["a=1"], ["gatehouse_session="], ["gatehouse_session"], ["gatehouse_session=abc; gatehouse_session=abc"],
            ["gatehouse_session=abc", "gatehouse_session=def"], ["gatehouse_session=\"abc\""], ["gatehouse_session=a b"],
            ["gatehouse_session=" + String(repeating: "a", count: 1_025)],
        ])
    func unread(fields: [String]) {
        #expect(CookieRecipe.session(Self.local).read(request(fields)) == nil)
    }

    @Test("Under https the bare name is not accepted: plain-http pages could have planted it")
    func bareNameUnderHTTPS() {
        #expect(CookieRecipe.session(Self.secure).read(request(["gatehouse_session=abc"])) == nil)
    }

    @Test("A browser gets 256 random bits once and keeps them")
    func browserBinding() throws {
        let first = BrowserBinding.readOrCreate(request([]), site: Self.local, randomness: SystemRandomness())
        let cookie = try #require(first.newCookie)
        #expect(first.value.utf8.count == 43)
        let pair = try #require(cookie.value.split(separator: ";").first)
        let second = BrowserBinding.readOrCreate(request([String(pair)]), site: Self.local, randomness: SystemRandomness())
        #expect(second.value == first.value)
        #expect(second.newCookie == nil)
        #expect("\(first)" == "…")
    }

    @Test("Answers that cross each other leave a browser with several bindings, and all of them hold")
    func severalBindings() throws {
        let bindings = (0..<3).map { _ in BrowserBinding.readOrCreate(request([]), site: Self.secure, randomness: SystemRandomness()) }
        let pairs = bindings.compactMap { $0.newCookie?.value.split(separator: ";").first.map(String.init) }
        let read = try #require(BrowserBinding.read(request([pairs.joined(separator: "; ")]), site: Self.secure))
        // Two names may coincide, once in a thousand runs: the browser then keeps one.
        guard Set(pairs.map { $0.prefix { $0 != "=" } }).count == 3 else { return }
        #expect(Set(read.values) == Set(bindings.map(\.value)))
        #expect(read.values.contains(read.value) && read.newCookie == nil)
        #expect(bindings.allSatisfy { read.holds($0.hash) })
        #expect(!bindings[0].holds(bindings[1].hash))
    }

    @Test(
        "A binding that isn't one of ours is replaced",
        arguments: [
            "gatehouse_browser=abc", "gatehouse_browser_ab=abc", "gatehouse_browser_AA=\(String(repeating: "B", count: 43))",
            "gatehouse_browser=\(String(repeating: "A", count: 43))",
        ])
    func foreignBinding(cookie: String) {
        let binding = BrowserBinding.readOrCreate(request([cookie]), site: Self.local, randomness: SystemRandomness())
        #expect(binding.newCookie != nil)
        #expect(BrowserBinding.read(request([cookie]), site: Self.local) == nil)
    }

    private func request(_ cookies: [String]) -> Request {
        var headers: HTTPFields = [:]
        for cookie in cookies { headers.append(HTTPField(name: .cookie, value: cookie)) }
        return sampleRequest(.get, "/", headers)
    }
}
