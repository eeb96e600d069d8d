import Accounts
import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import Runtime
import TestKit
import Testing

@testable import Console

@Suite struct AccountPageTests {
    @Test func `whoever is not signed in goes to sign-in and comes back`() async throws {
        try await AccountExample.run { example in
            let browser = TestBrowser(example.server)
            let page = try await browser.open("/account")
            #expect(page.shows("sign-in-page") && !page.text.contains("Ada"))
            let account = try await browser.submit("sign-in-form", of: page, [("username", "ada"), ("password", "analytical-engine")])
            #expect(account.shows("account-page"))
        }
    }

    @Test func `the page says who is signed in, how they sign in, and where`() async throws {
        try await AccountExample.run { example in
            try await example.link("google", to: example.ada)
            let browser = try await example.signedIn(userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
            let page = try await browser.open("/account")
            for text in [
                "Ada Lovelace", "ada@example.org", "ada@google.example", "Firefox on Linux", "This browser",
                "Signed in 1 Jan 2026, 00:00 UTC",
            ] {
                #expect(page.text.contains(text), "\(text)")
            }
            #expect(page.shows("way-password") && page.shows("link-github") && !page.shows("link-google"))
            #expect(page.headers[.cacheControl] == "no-store")
        }
    }

    @Test func `an identity is removed, and the removal is on record`() async throws {
        try await AccountExample.run { example in
            let google = try await example.link("google", to: example.ada)
            let browser = try await example.signedIn()
            let page = try await browser.submit("unlink-\(google.text)", of: try await browser.open("/account"))
            #expect(page.shows("account-page") && page.text.contains("Google was removed."))
            #expect(try await example.providers(of: example.ada) == [])
            #expect(try await TestRowStore(example.server.database).events().last == "identity.unlinked")
        }
    }

    @Test func `the last way to sign in can't be removed`() async throws {
        try await AccountExample.run { example in
            let google = try await example.link("google", to: example.ada)
            let github = try await example.link("github", to: example.ada)
            let browser = try await example.signedIn()
            let page = try await browser.open("/account")
            try await example.removePassword(of: example.ada)
            #expect(try await browser.submit("unlink-\(google.text)", of: page).text.contains("Google was removed."))
            // The form of the page that was open before.
            #expect(try await browser.submit("unlink-\(github.text)", of: page).text.contains("That is your only way to sign in."))
            #expect(try await example.providers(of: example.ada) == ["github"])
            let last = try await browser.open("/account")
            #expect(!last.shows("unlink-\(github.text)") && last.shows("only-way-note"))
        }
    }

    @Test func `a session that is not recent changes no way to sign in until the person has proven themselves`() async throws {
        try await AccountExample.run { example in
            let google = try await example.link("google", to: example.ada)
            let browser = try await example.signedIn()
            let fresh = try await browser.open("/account")
            example.server.clock.advance(by: Session.recencyMax)
            // The links, too.
            let link = try #require(fresh.link("link-github"))
            #expect(try await browser.exchange(.get, link).location == "/account")
            #expect(try await TestRowStore(example.server.database).count("federation_flows") == 0)
            let stale = try await browser.open("/account")
            #expect(stale.shows("confirm-form") && !stale.shows("links") && !stale.shows("unlink-\(google.text)"))
            // The forms of the page that was open before.
            #expect(try await browser.submit("unlink-\(google.text)", of: fresh).shows("sign-in-page"))
            #expect(try await example.providers(of: example.ada) == ["google"])

            let signIn = try await browser.submit("confirm-form", of: stale)
            #expect(signIn.shows("sign-in-page") && signIn.text.contains("value=\"ada\""))
            let again = try await browser.submit("sign-in-form", of: signIn, [("username", "ada"), ("password", "analytical-engine")])
            #expect(again.shows("links") && !again.shows("confirm-form"))
            _ = try await browser.submit("unlink-\(google.text)", of: again)
            #expect(try await example.providers(of: example.ada) == [])
        }
    }

    @Test func `nothing is changed by another site, or by a form without its token`() async throws {
        try await AccountExample.run { example in
            let google = try await example.link("google", to: example.ada)
            let browser = try await example.signedIn()
            let other = try await example.signedIn()
            let page = try await browser.open("/account")
            let id = try #require(sessionID(in: page))
            for (form, path) in [
                ("unlink-\(google.text)", AccountPage.unlinkPath), ("end-\(id)", AccountPage.endPath),
            ] {
                let fields = try TestForm.require(form, in: page).hidden
                for headers in ForeignForms.headers {
                    #expect(try await browser.exchange(.post, path, fields, headers: headers).status == .forbidden)
                }
                let without = fields.filter { $0.0 != "csrf_token" }
                for fields in [without, without + [("csrf_token", "wrong")], without + [("csrf_token", "")]] {
                    #expect(try await browser.exchange(.post, path, fields).status == .forbidden)
                }
            }
            // The token of one browser is not good in another one of the same person.
            let fields = try TestForm.require("unlink-\(google.text)", in: page).hidden
            #expect(try await other.exchange(.post, AccountPage.unlinkPath, fields).status == .forbidden)
            #expect(try await example.providers(of: example.ada) == ["google"])
            #expect(try await TestRowStore(example.server.database).liveSessions() == 2)
        }
    }

    @Test func `nobody removes another person's identity or ends their session`() async throws {
        try await AccountExample.run { example in
            let google = try await example.link("google", to: example.ada)
            let grace = try await example.server.addUser("grace")
            try await example.link("google", to: grace, subject: "2")
            let mine = try await example.signedIn()
            _ = try await example.signedIn("grace")
            let page = try await mine.open("/account")
            let theirs = try await example.signedIn("grace")
            let fields = try TestForm.require("unlink-\(google.text)", in: page).hidden.filter { $0.0 == "csrf_token" }
            let session = try #require(sessionID(in: try await theirs.open("/account")))
            let identity = try #require(try await FederationStore(example.server.database).list(of: grace.id).first)
            #expect(try await mine.exchange(.post, AccountPage.unlinkPath, fields + [("identity", identity.text)]).location == "/account")
            #expect(try await mine.exchange(.post, AccountPage.endPath, fields + [("session", session)]).location == "/account")
            #expect(try await example.providers(of: grace) == ["google"])
            #expect(try await TestRowStore(example.server.database).liveSessions() == 3)
        }
    }

    @Test func `other browsers are signed out, one or all`() async throws {
        try await AccountExample.run { example in
            let browser = try await example.signedIn()
            example.server.clock.advance(by: .seconds(1))
            let others = [try await example.signedIn(), try await example.signedIn(), try await example.signedIn()]
            // An old session may: it takes nothing from the person.
            example.server.clock.advance(by: Session.recencyMax)
            let page = try await browser.open("/account")
            let id = try #require(sessionID(in: page))
            let after = try await browser.submit("end-\(id)", of: page)
            #expect(after.text.contains("Signed out there.") && !after.text.contains(id))
            #expect(try await TestRowStore(example.server.database).liveSessions() == 3)
            _ = try await browser.submit("end-others-form", of: after)
            #expect(try await TestRowStore(example.server.database).liveSessions() == 1)
            for other in others { #expect(try await other.open("/account").shows("sign-in-page")) }
            #expect(try await browser.open("/account").shows("account-page"))
            #expect(try await TestRowStore(example.server.database).events().suffix(3) == Array(repeating: "session.ended", count: 3))
        }
    }

    @Test func `spoiled forms`() async throws {
        try await AccountExample.run { example in
            let google = try await example.link("google", to: example.ada)
            let browser = try await example.signedIn()
            let good = try TestForm.require("unlink-\(google.text)", in: try await browser.open("/account")).hidden
            for input in BadInput.all(of: good, spoiling: good.map(\.0), bytesMax: 65_536) + BadInput.missing(["identity"], of: good) {
                #expect(try await browser.post(AccountPage.unlinkPath, encoded: input.encoded).isErrorPage, "\(input)")
            }
            let token = good.filter { $0.0 == "csrf_token" }
            for session in ["", "x", "other", "00000000-0000-0000-0000-00000000000g"] {
                #expect(try await browser.exchange(.post, AccountPage.endPath, token + [("session", session)]).isErrorPage)
            }
            #expect(try await example.providers(of: example.ada) == ["google"])
        }
    }

    @Test func `the address puts no words of its own on the page`() async throws {
        try await AccountExample.run { example in
            let browser = try await example.signedIn()
            for query in ["linked=Evil+words", "notice=Evil+words", "notice=identity_taken&provider=Evil+words", "unlinked=Evil%3Cb%3E"] {
                let page = try await browser.open("/account?\(query)")
                #expect(page.shows("account-page") && !page.text.contains("Evil"))
            }
            for notice in FederationNotice.allCases {
                let page = try await browser.open("/account?notice=\(notice.rawValue)&provider=google")
                #expect(page.shows("account-notice"), "\(notice)")
            }
            #expect(try await browser.open("/account?linked=google").text.contains("Google was added."))
        }
    }

    /// The first session on a page that can be ended there.
    private func sessionID(in page: TestResponse) -> String? {
        page.text.firstMatch(of: /id="end-([0-9a-f-]{36})"/).map { String($0.output.1) }
    }
}
