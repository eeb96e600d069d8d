import FoundationEssentials
import HTTPTypes
import OAuthProtocol
import TestKit
import Testing

@testable import Gateway

/// Attempts to come through the door as somebody else, or to be led elsewhere by it.
@Suite struct DoorSignInTests {
    private func run(_ body: @escaping @Sendable (DoorBrowser) async throws -> Void) async throws {
        try await DoorExample.run([
            DoorExample.rule("app.example.org", browsers: true), DoorExample.rule("other.example.org", browsers: true),
            DoorExample.rule("api.example.org"),
        ]) { door in try await body(DoorBrowser(door)) }
    }

    private func begin(_ browser: DoorBrowser) async throws -> String {
        try await browser.toCallback("https://app.example.org/gateway/sign-in?return=/page")
    }

    @Test(arguments: [
        "https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "",
        "page", "/page\r\nSet-Cookie: a=b", "/\tpage", "/gateway/sign-in?return=/", "/gateway/sign-out", "/#/page", "/pägé",
        "/" + String(repeating: "a", count: 2_048), "@evil.example", ".evil.example", " /page",
    ])
    func `a browser is never sent back to another place`(target: String) async throws {
        #expect(DoorSignIn.returnTarget(target) == "/")
        try await run { browser async throws in
            let query = Parameters.encode([("return", target)])
            guard !target.contains("\r"), !target.contains("\t") else { return }
            let back = try await browser.toCallback("https://app.example.org/gateway/sign-in?" + query)
            #expect(try await browser.gateway(.get, back).headers[.location] == "/")
        }
    }

    @Test func `a callback with somebody else's state is refused`() async throws {
        try await run { browser async throws in
            let attacker = DoorBrowser(browser.door)
            let planted = try await begin(attacker)
            // Without any cookie of ours, and with one of its own. Before the code is even looked at, whose verifier would not match either.
            func isForbidden() async throws -> Bool {
                let error = await #expect(throws: OAuthError.self) { try await browser.gateway(.get, planted) }
                return error?.code == .forbidden
            }
            #expect(try await isForbidden())
            _ = try await begin(browser)
            #expect(try await isForbidden())
            #expect(browser.cookie("__Host-gatehouse_door") == nil)
            // Nothing was spent: the browser that began it goes on.
            _ = try await attacker.gateway(.get, planted)
            #expect(attacker.cookie("__Host-gatehouse_door") != nil)
        }
    }

    @Test func `somebody else's code under one's own state is refused`() async throws {
        try await run { browser async throws in
            let attacker = DoorBrowser(browser.door)
            let foreign = try await begin(attacker)
            let own = try await begin(browser)
            func parameter(_ name: String, of address: String) throws -> String {
                try Parameters(urlEncoded: address.split(separator: "?")[1].utf8).required(name)
            }
            let mixed = Parameters.encode([
                ("code", try parameter("code", of: foreign)), ("state", try parameter("state", of: own)), ("iss", TestServer.issuer),
            ])
            await #expect(throws: OAuthError.self) { try await browser.gateway(.get, "/gateway/callback?\(mixed)") }
            #expect(browser.cookie("__Host-gatehouse_door") == nil)
        }
    }

    @Test func `an answer to a request with another nonce, or none, is refused`() async throws {
        try await run { browser async throws in
            for replacement in ["nonce=another&", ""] {
                let back = try await browser.toCallback("https://app.example.org/gateway/sign-in?return=/page") { request in
                    request.replacing(/nonce=[^&]*&/, with: replacement)
                }
                let error = await #expect(throws: OAuthError.self) { try await browser.gateway(.get, back) }
                #expect(error?.code == .forbidden)
                #expect(browser.cookie("__Host-gatehouse_door") == nil)
            }
            _ = try await browser.gateway(.get, try await begin(browser))
            #expect(browser.cookie("__Host-gatehouse_door") != nil)
        }
    }

    @Test func `a callback is good once, for a while, at its own origin, and as it was sent`() async throws {
        try await run { browser async throws in
            let back = try await begin(browser)
            for spoiled in [
                back.replacing("state=", with: "state=A"), back.replacing("code=", with: "code=x"), back.replacing("iss=", with: "iss=x"),
                back.replacing("&iss=", with: "&other="), back.replacing("state=", with: "other="), back + "&code=again",
                back + "&error=access_denied",
                "https://app.example.org/gateway/callback",
            ] {
                await #expect(throws: OAuthError.self, "\(spoiled)") { try await browser.gateway(.get, spoiled) }
            }
            await #expect(throws: OAuthError.self) {
                try await browser.gateway(.get, back, headers: [.xForwardedHost: "other.example.org"])
            }
            _ = try await browser.gateway(.get, back)
            #expect(try await browser.visit("/page").status == 200)
            // RFC 6749 §4.1.2: a second use takes back what the first gave.
            await #expect(throws: OAuthError.self) { try await browser.gateway(.get, back) }
            #expect(try await browser.visit("/page").status == 302)

            let late = try await begin(browser)
            browser.door.server.clock.advance(by: DoorSignIn.lifetime)
            await #expect(throws: OAuthError.self) { try await browser.gateway(.get, late) }
        }
    }

    @Test func `nobody signs in but through our proxies, at hosts that people sign in at`() async throws {
        try await run { browser async throws in
            await #expect(throws: OAuthError.self) { try await browser.gateway(.get, "/gateway/sign-in", from: "198.51.100.7") }
            for host in ["api.example.org", "evil.example", "app.example.org:8443", "app.example.org/x", "user@app.example.org", ""] {
                await #expect(throws: OAuthError.self, "\(host)") {
                    try await browser.gateway(.get, "/gateway/sign-in", headers: [.xForwardedHost: host])
                }
            }
            await #expect(throws: OAuthError.self) {
                try await browser.gateway(.get, "/gateway/sign-in", headers: [.xForwardedProto: "http"])
            }
            let begun = try await browser.gateway(.get, "/gateway/sign-in")
            #expect(begun.status == .seeOther)
        }
    }

    @Test func `the door's client is nobody else's`() async throws {
        try await run { browser async throws in
            let server = browser.door.server
            for secret in ["", "gatehouse-door", "x"] {
                let answer = try await server.post(
                    "/oauth2/token", [("grant_type", "client_credentials")], basic: (id: "gatehouse-door", secret: secret))
                #expect(answer.status == .unauthorized)
            }
            let bare = try await server.post(
                "/oauth2/token", [("grant_type", "authorization_code"), ("client_id", "gatehouse-door"), ("code", "x")])
            #expect(bare.status == .unauthorized)
            for redirect in [
                "https://evil.example/gateway/callback", "https://api.example.org/gateway/callback", "https://app.example.org/",
            ] {
                var flow = TestFlow(server)
                flow.clientID = "gatehouse-door"
                flow.redirectURI = redirect
                #expect(try await flow.browser.open(flow.authorizeURI()).isErrorPage)
            }
        }
    }

    @Test func `without browsers there is no client, and nobody signs in`() async throws {
        try await DoorExample.run([DoorExample.rule()]) { door async throws in
            await #expect(throws: OAuthError.self) { try await DoorBrowser(door).gateway(.get, "/gateway/sign-in") }
            #expect(door.server.wiring.doorClient == nil)
        }
    }
}
