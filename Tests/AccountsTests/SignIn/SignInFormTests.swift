import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import Runtime
import TestKit
import Testing

/// The sign-in form: whose it is, how long it holds, and what it takes.
@Suite struct SignInFormTests {
    private static let credentials = [("username", "ada"), ("password", "analytical-engine")]

    private func fields(_ page: TestResponse) throws -> [(String, String)] {
        try #require(TestForm(id: "sign-in-form", in: page.text)).hidden + Self.credentials
    }

    @Test func `a form without its token, with another browser's, or from another browser is refused`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            let browser = TestBrowser(server)
            let page = try await browser.open("/sign-in")
            let good = try fields(page)
            let other = TestBrowser(server)
            let foreign = try fields(try await other.open("/sign-in")).first { $0.0 == "csrf_token" }
            for token in [nil, ("csrf_token", ""), ("csrf_token", "wrong"), foreign] {
                let sent = good.filter { $0.0 != "csrf_token" } + (token.map { [$0] } ?? [])
                let answer = try await browser.exchange(.post, "/sign-in", sent)
                #expect(answer.status == .forbidden && answer.isErrorPage)
            }
            for stranger in [other, TestBrowser(server)] {
                #expect(try await stranger.exchange(.post, "/sign-in", good).status == .forbidden)
            }
            // Another browser's own token with this browser's flow.
            let mixed = good.filter { $0.0 != "csrf_token" } + (foreign.map { [$0] } ?? [])
            #expect(try await other.exchange(.post, "/sign-in", mixed).isErrorPage)
            #expect(try await TestRowStore(server.database).count("sessions") == 0)
        }
    }

    @Test func `a form from another site is refused, one from ours is taken`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            let browser = TestBrowser(server)
            let fields = try fields(try await browser.open("/sign-in"))
            for headers in ForeignForms.headers {
                for path in ["/sign-in", "/sign-in/continue"] {
                    #expect(try await browser.exchange(.post, path, fields, headers: headers).status == .forbidden, "\(headers)")
                }
            }
            #expect(try await TestRowStore(server.database).count("sessions") == 0)
            for headers in ForeignForms.ownHeaders {
                #expect(try await browser.exchange(.post, "/sign-in", fields, headers: headers).status == .seeOther, "\(headers)")
            }
        }
    }

    @Test func `a form sent twice is one session`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            let browser = TestBrowser(server)
            let page = try await browser.open("/sign-in")
            #expect(try await browser.submit("sign-in-form", of: page, Self.credentials).shows("home-page"))
            #expect(try await browser.submit("sign-in-form", of: page, Self.credentials).shows("home-page"))
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
        }
    }

    @Test func `the page expires after an hour`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            let browser = TestBrowser(server)
            let started = try await browser.exchange(.get, "/sign-in")
            let address = try #require(started.location)
            let page = try await browser.open(address)
            server.clock.advance(by: .minutes(59))
            #expect(try await browser.open(address).shows("sign-in-form"))
            server.clock.advance(by: .minutes(1))
            #expect(try await browser.open(address).isErrorPage)
            #expect(try await browser.submit("sign-in-form", of: page, Self.credentials).isErrorPage)
            #expect(try await TestRowStore(server.database).count("sessions") == 0)
        }
    }

    @Test func `to go on as the present person is offered only where a choice was asked for`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            let browser = TestBrowser(server)
            let page = try await browser.open("/sign-in")
            #expect(try await browser.exchange(.post, "/sign-in/continue", try fields(page)).isErrorPage)
        }
    }

    @Test func `spoiled forms`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            let browser = TestBrowser(server)
            let page = try await browser.open("/sign-in")
            let good = try fields(page)
            let before = try await TestRowStore(server.database).counts()
            let inputs =
                BadInput.all(of: good, spoiling: good.map(\.0), bytesMax: 65_536) + BadInput.missing(good.map(\.0), of: good)
            for input in inputs {
                let answer = try await browser.post("/sign-in", encoded: input.encoded)
                // A name or password that nobody has is answered as a wrong one is: by the form.
                let isAsked = answer.status == .unprocessableContent && ["username", "password"].contains(input.field)
                #expect(answer.isErrorPage || isAsked, "\(input): \(answer.status)")
                #expect(answer.headers[values: .setCookie].isEmpty && answer.location == nil)
            }
            let large = try await browser.post("/sign-in", encoded: Parameters.encode(good) + "&a=" + String(repeating: "a", count: 65_536))
            #expect(large.status == .contentTooLarge && large.shows("error-page"))
            for type in [
                "application/json", "multipart/form-data; boundary=x", "text/plain", "application/x-www-form-urlencoded; charset=utf-16",
            ] {
                let answer = try await browser.post("/sign-in", encoded: Parameters.encode(good), headers: [.contentType: type])
                #expect(answer.isErrorPage, "\(type)")
            }
            #expect(try await TestRowStore(server.database).counts() == before)
        }
    }

    @Test func `spoiled addresses`() async throws {
        try await TestServer.run { server in
            let browser = TestBrowser(server)
            let address = try #require(try await browser.exchange(.get, "/sign-in").location)
            let before = try await TestRowStore(server.database).counts()
            let flow = try Parameters(urlEncoded: address.split(separator: "?")[1].utf8).required("flow")
            for input in BadInput.all(of: [("flow", flow)], spoiling: ["flow"], bytesMax: 32_768) {
                #expect(try await browser.exchange(.get, "/sign-in?" + input.encoded).isErrorPage, "\(input)")
            }
            #expect(try await TestRowStore(server.database).counts() == before)
        }
    }
}
