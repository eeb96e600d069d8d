import Hummingbird
import Testing

@testable import Web

@Suite struct PagePolicyTests {
    @Test("A page loads only what this site serves, and posts only here")
    func plain() {
        #expect(
            PagePolicy().headerValue
                == "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    }

    @Test("The redirect's origin, the logo's origin and the script are named when they are needed")
    func named() {
        let value = PagePolicy(
            imageURIs: ["https://Shop.example/a/logo.png?x=1"], formTargetURIs: ["http://127.0.0.1:8081/callback"], runsFormPost: true
        ).headerValue
        #expect(value.contains("img-src 'self' data: https://shop.example;"))
        #expect(value.contains("form-action 'self' http://127.0.0.1:8081;"))
        #expect(value.contains("script-src 'self';"))
    }

    @Test(
        "A URI is covered by its origin, or by its scheme where it has none that the policy can express",
        arguments: [
            ("https://app.example:8443/cb#x", "https://app.example:8443"), ("com.example.app:/cb", "com.example.app:"),
            ("http://[::1]:9000/cb", "http:"), ("https://app.example", "https://app.example"),
        ])
    func sources(uri: String, source: String) {
        #expect(PagePolicy.source(uri) == source)
    }

    @Test("Each place a form may lead to is named once, the first sixteen of them, and a source covers itself")
    func targets() {
        let many = (0..<40).map { "https://a\($0).example/cb" }
        let first = PagePolicy.formTargets(["https://app.example/cb", "com.example.app:/cb", "https://APP.example/other"] + many)
        #expect(first.count == PagePolicy.formTargetsMax)
        #expect(first.prefix(3) == ["https://app.example", "com.example.app:", "https://a0.example"])
        #expect(PagePolicy.formTargets(first) == first)
        #expect(PagePolicy(formTargetURIs: many).headerValue.contains("https://a15.example;"))
    }

    @Test(
        "What could break out of the field or open a hole is left out",
        arguments: [
            "https://a.example;script-src *", "https://a.example https://evil.example/", "https://user@a.example/", "javascript:alert(1)",
            "data:text/html,x", "https:", "https:///x", "", "//a.example", "a b:c", "https://ä.example/", "https://*/",
        ])
    func refused(uri: String) {
        #expect(PagePolicy.source(uri) == nil)
        #expect(PagePolicy(imageURIs: [uri], formTargetURIs: [uri]).headerValue == PagePolicy().headerValue)
    }

    @Test("A page is never stored, names its policy, and is cut off from its opener unless it is a pop-up")
    func pageHeaders() throws {
        let response = try PagesTests.pages().render("Home/home", [:])
        #expect(response.headers[.cacheControl] == "no-store")
        #expect(response.headers[.contentType] == "text/html; charset=utf-8")
        #expect(response.headers[.contentSecurityPolicy] == PagePolicy().headerValue)
        #expect(response.headers[.crossOriginOpenerPolicy] == "same-origin")
        let popup = try PagesTests.pages().render("Home/home", [:], policy: .init(isIsolated: false))
        #expect(popup.headers[.crossOriginOpenerPolicy] == nil)
    }

    @Test("A template that doesn't exist is an error, and so is a folder without any")
    func missing() throws {
        #expect(throws: PagesError.self) { try PagesTests.pages().render("nothing", [:]) }
        #expect(throws: PagesError.self) { try Pages(directory: PagesTests.root + "/Templates/static", site: PagesTests.site) }
    }
}
