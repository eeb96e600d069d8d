import FoundationEssentials
import HTTPTypes
import OAuthProtocol
import Runtime
import TestKit
import Testing

@testable import Gateway

@Suite struct DoorSessionTests {
    private func run(
        _ change: @escaping @Sendable (inout ForwardAuthRule.Requirements) -> Void = { _ in },
        configure: @escaping @Sendable (inout ForwardAuthSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (DoorBrowser) async throws -> Void
    ) async throws {
        try await DoorExample.run(
            [
                DoorExample.rule("app.example.org", "/api/*") { $0.audience = "https://api.example" },
                DoorExample.rule("app.example.org", browsers: true, change), DoorExample.rule("other.example.org", browsers: true),
            ], configure: configure
        ) { door in try await body(DoorBrowser(door)) }
    }

    @Test(arguments: DoorExample.dialects)
    func `a browser signs in and comes back to where it was going`(dialect: String) async throws {
        try await run { browser async throws in
            let asked = try await browser.visit("/page?a=b&c=%2F", dialect: dialect)
            #expect(asked.status == (dialect == "nginx" ? 401 : 302))
            #expect(asked["Cache-Control"] == "no-store")
            let signIn = try #require(asked[dialect == "nginx" ? "X-Gatehouse-Sign-In" : "Location"])
            let back = try await browser.toCallback(signIn)
            #expect(back.hasPrefix("https://app.example.org/gateway/callback?"))
            let landed = try await browser.gateway(.get, back)
            #expect(landed.headers[.location] == "/page?a=b&c=%2F")
            let cookie = try #require(landed.headers[values: .setCookie].first)
            #expect(cookie.hasPrefix("__Host-gatehouse_door="))
            for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure", "; Max-Age=43200"] {
                #expect(cookie.contains(attribute))
            }
            let answer = try await browser.visit("/page?a=b&c=%2F", dialect: dialect)
            #expect(answer.status == 200)
            #expect(answer["X-Gatehouse-Kind"] == "session")
            #expect(answer["X-Gatehouse-Roles"] == "staff")
            #expect(answer["X-Gatehouse-Client"] == "gatehouse-door")
            #expect(answer["X-Gatehouse-Scopes"] == "openid profile email")
            #expect(answer["X-Gatehouse-User"] == answer["X-Gatehouse-Subject"])
            #expect(UUID(uuidString: answer["X-Gatehouse-User"] ?? "") != nil)
        }
    }

    @Test func `only a browser on its way is sent to sign in`() async throws {
        try await run { browser async throws in
            for (method, mode) in [("GET", "cors"), ("GET", "no-cors"), ("POST", "navigate"), ("PUT", "navigate"), ("GET", "websocket")] {
                let answer = try await browser.visit("/page", method: method, mode: mode)
                #expect(answer.status == 401, "\(method) \(mode)")
                #expect(answer["Location"] == nil && answer["X-Gatehouse-Sign-In"] == nil)
            }
            #expect(try await browser.visit("/page", mode: nil).status == 302)
            #expect(try await browser.visit("/page", method: "HEAD").status == 302)
            // Where the rule serves none, and at another port than people come back to.
            #expect(try await browser.visit("/api/x").status == 401)
            #expect(try await browser.visit("/page", host: "app.example.org:8443").status == 401)
            #expect(try await browser.visit("/page", host: "APP.example.org:443").status == 302)
            let program = try await browser.door.ask(
                "caddy", .init(target: "/page", headers: [.accept: "text/html", .authorization: "Bearer gh_live_x"]))
            #expect(program.status == 401)
        }
    }

    @Test func `a session counts for its own host and for rules that serve browsers`() async throws {
        try await run { browser async throws in
            try await browser.signIn()
            #expect(try await browser.visit("/page").status == 200)
            #expect(try await browser.visit("/api/x").status == 401)
            // The other host is given the cookie by whoever stole it.
            #expect(try await browser.visit("/page", host: "other.example.org").status == 302)
            // What is shown on purpose is never mended by what comes by itself.
            var sent = DoorExample.Sent(target: "/page", headers: [.authorization: "Bearer gh_live_x"])
            sent.headers[.cookie] = "__Host-gatehouse_door=\(try #require(browser.cookie("__Host-gatehouse_door")))"
            #expect(try await browser.door.ask("caddy", sent).status == 401)
            sent.headers[.authorization] = nil
            #expect(try await browser.door.ask("caddy", sent).status == 200)
            sent.scheme = "http"
            #expect(try await browser.door.ask("caddy", sent).status == 401)
            // The machine API knows no sessions.
            sent.headers[.contentType] = "application/json"
            #expect(try await browser.door.server.send(.get, "/v1/keys", headers: sent.headers).status == .unauthorized)
        }
    }

    @Test func `roles and scopes hold for people, too`() async throws {
        try await run({ $0.roles = ["admin"] }) { browser async throws in
            try await browser.signIn()
            let answer = try await browser.visit("/page")
            #expect(answer.status == 403)
            #expect(answer.reason == "insufficient_role")
        }
        try await run({ $0.scopes = ["notes:read"] }, configure: { $0.sessionScopes = ["openid", "notes:read"] }) { browser async throws in
            try await browser.signIn()
            #expect(try await browser.visit("/page").status == 200)
        }
    }

    @Test func `the end of the person's session ends the door's, on every node`() async throws {
        try await run { browser async throws in
            try await browser.signIn()
            let server = browser.door.server
            try await server.withSecondNode { node async throws in
                #expect(try await browser.visit("/page").status == 200)
                #expect(try await browser.visit("/page", of: node).status == 200)
                let page = try await browser.issuer.open("/sign-out")
                _ = try await browser.issuer.submit("sign-out-form", of: page)
                // NOTIFY brings these.
                try await server.wiring.revocations.load(now: server.clock.now)
                try await node.wiring.revocations.load(now: server.clock.now)
                #expect(try await browser.visit("/page").status == 302)
                #expect(try await browser.visit("/page", of: node).status == 302)
            }
        }
    }

    @Test func `without any news a node is wrong for five seconds at most`() async throws {
        try await run { browser async throws in
            try await browser.signIn()
            #expect(try await browser.visit("/page").status == 200)
            let page = try await browser.issuer.open("/sign-out")
            _ = try await browser.issuer.submit("sign-out-form", of: page)
            browser.door.server.clock.advance(by: DoorSessions.staleAfter)
            #expect(try await browser.visit("/page").status == 302)
        }
    }

    @Test func `a person who is disabled is out at once, and who signs in again is in`() async throws {
        try await run { browser async throws in
            try await browser.signIn()
            #expect(try await browser.visit("/page").status == 200)
            let server = browser.door.server
            let user = try #require(try await TestUsers.ada(server))
            server.clock.advance(by: .seconds(1))
            try await TestUsers.signOutEverywhere(user, server)
            #expect(try await browser.visit("/page").status == 302)
            // Within the ten seconds that tokens of a person signed out everywhere are refused for.
            try await browser.signIn()
            #expect(try await browser.visit("/page").status == 200)
            server.clock.advance(by: .seconds(1))
            try await server.disable(user)
            #expect(try await browser.visit("/page").status == 302)
        }
    }

    @Test func `a session at the door has an end of its own`() async throws {
        try await run(configure: { $0.sessionLifetime = .hours(1) }) { browser async throws in
            try await browser.signIn()
            browser.door.server.clock.advance(by: .seconds(3_599))
            #expect(try await browser.visit("/page").status == 200)
            browser.door.server.clock.advance(by: .seconds(1))
            #expect(try await browser.visit("/page").status == 302)
            try await browser.door.server.wiring.doorSessions.eraseExpired(now: browser.door.server.clock.now + .seconds(1), batchMax: 10)
            #expect(try await TestRowStore(browser.door.server.database).count("door_sessions") == 0)
        }
    }

    @Test func `who is busy at the door does not idle at the issuer`() async throws {
        try await DoorExample.run([DoorExample.rule(browsers: true)], configureServer: { $0.sessionLimits.idle = .hours(1) }) {
            door async throws in
            let browser = DoorBrowser(door)
            try await browser.signIn()
            for _ in 0..<3 {
                door.server.clock.advance(by: .seconds(1_800))
                #expect(try await browser.visit("/page").status == 200)
                try await door.server.wiring.doorSessions.writeUses()
            }
            door.server.clock.advance(by: .seconds(3_600))
            #expect(try await browser.visit("/page").status == 302)
        }
    }

    @Test func `sign-out at the door ends the local session alone`() async throws {
        try await run { browser async throws in
            try await browser.signIn()
            let cookie = try #require(browser.cookie("__Host-gatehouse_door"))
            for site in ["cross-site", "same-site"] {
                await #expect(throws: OAuthError.self) {
                    try await browser.gateway(.get, "/gateway/sign-out", headers: [.secFetchSite: site])
                }
            }
            #expect(try await browser.visit("/page").status == 200)
            let answer = try await browser.gateway(.post, "/gateway/sign-out", headers: [.secFetchSite: "same-origin"])
            #expect(answer.headers[.location] == "http://localhost:8080/sign-out")
            #expect(browser.cookie("__Host-gatehouse_door") == nil)
            browser.setCookie("__Host-gatehouse_door", cookie)
            #expect(try await browser.visit("/page").status == 302)
            #expect(try await TestRowStore(browser.door.server.database).liveSessions() == 1)
            let events = try await TestRowStore(browser.door.server.database).events()
            #expect(events.contains("door.signed_in") && events.contains("door.signed_out"))
        }
    }

    @Test func `a second sign-in of the same browser takes the place of the first`() async throws {
        try await run { browser async throws in
            try await browser.signIn()
            let first = try #require(browser.cookie("__Host-gatehouse_door"))
            let back = try await browser.toCallback("https://app.example.org/gateway/sign-in?return=/page")
            _ = try await browser.gateway(.get, back)
            #expect(browser.cookie("__Host-gatehouse_door") != first)
            #expect(try await TestRowStore(browser.door.server.database).count("door_sessions") == 1)
            browser.setCookie("__Host-gatehouse_door", first)
            #expect(try await browser.visit("/page").status == 302)
        }
    }
}
