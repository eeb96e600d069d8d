import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import Runtime
import TestKit
import Testing

@testable import OAuth

/// The consent form: who may answer it, and how often.
@Suite struct ConsentFormTests {
    /// A person in front of the consent page.
    private func asked(_ server: TestServer, _ flow: TestFlow, _ changes: [String: String?] = [:]) async throws -> TestResponse {
        let page = try await flow.browser.open(flow.authorizeURI(changes))
        guard TestForm(id: "sign-in-form", in: page.text) != nil else { return page }
        return try await flow.browser.submit("sign-in-form", of: page, [("username", flow.username), ("password", flow.password)])
    }

    private func fields(_ page: TestResponse) throws -> [(String, String)] {
        try #require(TestForm(id: "consent-form", in: page.text)).hidden
    }

    @Test func `an answer counts once, however often it is sent`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let page = try await asked(server, flow)
            let answers = try await withThrowingTaskGroup(of: TestResponse.self) { group in
                for _ in 0..<5 {
                    group.addTask { try await flow.browser.submit("consent-form", of: page, [("decision", "allow")]) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count { $0.codeAtClient() != nil } == 1)
            #expect(answers.count { $0.isErrorPage } == 4)
            let counts = try await TestRowStore(server.database).counts()
            #expect(counts["grants"] == 1 && counts["authorization_codes"] == 1)
            #expect(try await flow.browser.submit("consent-form", of: page, [("decision", "deny")]).isErrorPage)
        }
    }

    @Test func `a form without this session's token is not an answer: the question is asked again`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addUser("grace")
            try await server.addClient()
            let flow = TestFlow(server)
            let page = try await asked(server, flow)
            let good = try fields(page)
            let elsewhere = TestFlow(server)
            let foreign = try fields(try await asked(server, elsewhere)).first { $0.0 == "csrf_token" }
            let tokens: [(String, String)?] = [nil, ("csrf_token", ""), ("csrf_token", "wrong"), foreign]
            for token in tokens {
                let fields = good.filter { $0.0 != "csrf_token" } + (token.map { [$0] } ?? []) + [("decision", "allow")]
                let answer = try await flow.browser.exchange(.post, "/oauth2/consent", fields)
                #expect(answer.status == .seeOther && answer.location?.hasPrefix("/oauth2/authorize/continue?request=") == true)
            }
            #expect(try await TestRowStore(server.database).count("grants") == 0)
            // Another person signs in meanwhile: it is they who are asked.
            var grace = TestFlow(server, browser: flow.browser)
            grace.username = "grace"
            server.clock.advance(by: .seconds(1))
            _ = try await asked(server, grace, ["prompt": "login"])
            let next = try await flow.browser.submit("consent-form", of: page, [("decision", "allow")])
            #expect(next.shows("consent-form") && next.text.contains("grace@example.org"))
            #expect(try await TestRowStore(server.database).count("grants") == 0)
        }
    }

    @Test func `a form from another site is refused`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let page = try await asked(server, flow)
            let fields = try fields(page) + [("decision", "allow")]
            for headers in ForeignForms.headers {
                let answer = try await flow.browser.exchange(.post, "/oauth2/consent", fields, headers: headers)
                #expect(answer.status == .forbidden && answer.isErrorPage)
            }
            #expect(try await TestRowStore(server.database).count("grants") == 0)
            for headers in ForeignForms.ownHeaders.prefix(1) {
                #expect(try await flow.browser.exchange(.post, "/oauth2/consent", fields, headers: headers).codeAtClient() != nil)
            }
        }
    }

    @Test func `whoever has signed out, or been signed out, signs in again first`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let page = try await asked(server, flow)
            try await server.database.execute("update sessions set ended_at = now()", [])
            let next = try await flow.browser.submit("consent-form", of: page, [("decision", "allow")])
            #expect(next.shows("sign-in-form"))
            let again = try await flow.browser.submit("sign-in-form", of: next, [("username", "ada"), ("password", flow.password)])
            #expect(try await flow.browser.submit("consent-form", of: again, [("decision", "allow")]).codeAtClient() != nil)
        }
    }

    @Test func `a sign-in that has grown too old over the question is renewed`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            _ = try await flow.authorize()
            server.clock.advance(by: .seconds(50))
            let page = try await asked(server, flow, ["max_age": "60", "prompt": "consent"])
            #expect(page.shows("consent-form"))
            server.clock.advance(by: .seconds(11))
            let next = try await flow.browser.submit("consent-form", of: page, [("decision", "allow")])
            #expect(next.shows("sign-in-form"))
            let again = try await flow.browser.submit("sign-in-form", of: next, [("username", "ada"), ("password", flow.password)])
            let identity = try await flow.identity(from: flow.browser.submit("consent-form", of: again, [("decision", "allow")]))
            #expect(identity["auth_time"]?.int == Int(server.clock.now.timeIntervalSince1970))
        }
    }

    @Test func `the page expires with its request`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let page = try await asked(server, flow)
            server.clock.advance(by: .hours(1))
            #expect(try await flow.browser.submit("consent-form", of: page, [("decision", "allow")]).isErrorPage)
            #expect(try await TestRowStore(server.database).count("grants") == 0)
        }
    }

    @Test func `spoiled answers`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let page = try await asked(server, flow)
            let good = try fields(page) + [("decision", "allow")]
            let before = try await TestRowStore(server.database).counts()
            let inputs =
                BadInput.all(of: good, spoiling: ["csrf_token", "request", "decision"], bytesMax: 65_536)
                + BadInput.missing(["request", "decision"], of: good)
            for input in inputs {
                let answer = try await send(flow.browser, input.encoded)
                #expect(answer.isErrorPage, "\(input): \(answer.status)")
            }
            #expect(try await send(flow.browser, "decision=perhaps&" + Parameters.encode(good.dropLast())).isErrorPage)
            let large = try await send(flow.browser, Parameters.encode(good) + "&padding=" + String(repeating: "a", count: 65_536))
            #expect(large.status == .contentTooLarge && large.shows("error-page"))
            #expect(try await TestRowStore(server.database).counts() == before)
            #expect(try await flow.browser.submit("consent-form", of: page, [("decision", "allow")]).codeAtClient() != nil)
        }
    }

    private func send(_ browser: TestBrowser, _ body: String) async throws -> TestResponse {
        try await browser.post("/oauth2/consent", encoded: body)
    }
}
