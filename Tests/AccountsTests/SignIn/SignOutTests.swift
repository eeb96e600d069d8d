import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import TestKit
import Testing

@Suite struct SignOutTests {
    private func signedIn(_ server: TestServer) async throws -> TestBrowser {
        try await server.addUser()
        let browser = TestBrowser(server)
        _ = try await browser.submit(
            "sign-in-form", of: try await browser.open("/sign-in"), [("username", "ada"), ("password", "analytical-engine")])
        return browser
    }

    @Test func `a person is asked, may stay, and is signed out`() async throws {
        try await TestServer.run { server in
            let browser = try await signedIn(server)
            let token = browser.cookie("gatehouse_session")
            let page = try await browser.open("/sign-out")
            #expect(page.shows("sign-out-form") && page.text.contains("Ada Lovelace"))
            #expect(try await browser.submit("sign-out-form", of: page, [("decision", "stay")]).text.contains("Ada Lovelace"))
            let gone = try await browser.submit("sign-out-form", of: page, [("decision", "sign_out")])
            #expect(gone.shows("signed-out-page"))
            #expect(gone.headers[.setCookie]?.contains("Max-Age=0") == true && browser.cookie("gatehouse_session") == nil)
            // The token is dead, not only forgotten.
            browser.setCookie("gatehouse_session", token)
            #expect(try await browser.open("/sign-out").shows("signed-out-page"))
            #expect(try await browser.submit("sign-out-form", of: page).shows("signed-out-page"))
        }
    }

    @Test func `nobody is signed out by another site, or by a form without its token`() async throws {
        try await TestServer.run { server in
            let browser = try await signedIn(server)
            let fields = try #require(TestForm(id: "sign-out-form", in: try await browser.open("/sign-out").text)).hidden
            for headers in ForeignForms.headers {
                #expect(try await browser.exchange(.post, "/sign-out", fields, headers: headers).status == .forbidden)
            }
            for fields in [[], [("csrf_token", "wrong")], [("csrf_token", "")]] {
                #expect(try await browser.exchange(.post, "/sign-out", fields).shows("sign-out-form"))
            }
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
        }
    }

    @Test func `spoiled forms`() async throws {
        try await TestServer.run { server in
            let browser = try await signedIn(server)
            let page = try await browser.open("/sign-out")
            let good = try #require(TestForm(id: "sign-out-form", in: page.text)).hidden + [("decision", "sign_out")]
            for input in BadInput.all(of: good, spoiling: good.map(\.0), bytesMax: 65_536) {
                #expect(try await browser.post("/sign-out", encoded: input.encoded).isErrorPage, "\(input)")
            }
            let large = try await browser.post("/sign-out", encoded: Parameters.encode(good) + String(repeating: "&", count: 65_536))
            #expect(large.status == .contentTooLarge)
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
        }
    }
}
