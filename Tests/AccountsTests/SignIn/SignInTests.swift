import Accounts
import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import Runtime
import TestKit
import Testing

@Suite struct SignInTests {
    private func signIn(_ browser: TestBrowser, _ login: String, _ password: String) async throws -> TestResponse {
        try await browser.submit(
            "sign-in-form", of: try await browser.open("/sign-in"), [("username", login), ("password", password)])
    }

    @Test func `a person signs in by name or e-mail address, in any letter case`() async throws {
        try await TestServer.run { server in
            try await server.addUser("Ada") { $0.email = "Ada.Lovelace@Example.org" }
            for login in ["Ada", "ada", "ADA", "ada.lovelace@example.org", "ADA.LOVELACE@EXAMPLE.ORG"] {
                let browser = TestBrowser(server)
                let page = try await signIn(browser, login, "analytical-engine")
                #expect(page.shows("home-page") && page.text.contains("Ada Lovelace"), "\(login)")
                #expect(browser.cookie("gatehouse_session") != nil)
            }
        }
    }

    @Test func `a password is compared as it is, spaces, case and all`() async throws {
        try await TestServer.run { server in
            try await server.addUser(password: " Pässwörd & 100%+\u{1F980} ")
            #expect(try await signIn(TestBrowser(server), "ada", " Pässwörd & 100%+\u{1F980} ").shows("home-page"))
            for wrong in ["Pässwörd & 100%+\u{1F980}", " pässwörd & 100%+\u{1F980} ", " Pässwörd & 100%+\u{1F980}"] {
                #expect(try await signIn(TestBrowser(server), "ada", wrong).status == .unprocessableContent)
            }
        }
    }

    @Test func `whoever may not sign in is told the same, whatever the reason`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addUser("off") { $0.disabledAt = server.clock.now }
            try await server.addUser("none") { $0.passwordHash = nil }
            var texts: Set<String> = []
            for (login, password) in [
                ("ada", "wrong"), ("nobody", "analytical-engine"), ("nobody@example.org", "analytical-engine"),
                ("off", "analytical-engine"),
                ("none", "analytical-engine"), ("ada", String(repeating: "a", count: 1_024)),
            ] {
                let browser = TestBrowser(server)
                let answer = try await signIn(browser, login, password)
                #expect(answer.status == .unprocessableContent && browser.cookie("gatehouse_session") == nil)
                let form = try #require(TestForm(id: "sign-in-form", in: answer.text))
                var text = answer.text.replacing("value=\"\(login)\"", with: "")
                for (_, value) in form.hidden { text = text.replacing(value, with: "") }
                texts.insert(text)
            }
            #expect(texts.count == 1)
            #expect(texts.first?.contains("The username or the password is not right.") == true)
            #expect(try await TestRowStore(server.database).count("sessions") == 0)
            #expect(try await Set(TestRowStore(server.database).events()) == ["sign_in.refused"])
        }
    }

    @Test func `the name stays in the form after a mistake, the password does not`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            let browser = TestBrowser(server)
            let page = try await signIn(browser, "ada\"><script>", "secret-word")
            #expect(page.text.contains("value=\"ada&quot;&gt;&lt;script&gt;\""))
            #expect(!page.text.contains("secret-word"))
            let empty = try await browser.submit("sign-in-form", of: page, [("username", "ada"), ("password", "")])
            #expect(empty.status == .unprocessableContent && empty.text.contains("Enter your username and your password."))
            let right = try await browser.submit("sign-in-form", of: empty, [("username", "ada"), ("password", "analytical-engine")])
            #expect(right.shows("home-page"))
        }
    }

    @Test func `too many guesses at an account wait, whether it exists or not`() async throws {
        for login in ["ada", "nobody"] {
            try await TestServer.run(configure: { $0.limits.signInPerAccount = .init(burst: 3, perMinute: 2) }) { server in
                try await server.addUser()
                for _ in 0..<3 { #expect(try await signIn(TestBrowser(server), login, "wrong").status == .unprocessableContent) }
                let answer = try await signIn(TestBrowser(server), login.uppercased(), "analytical-engine")
                #expect(answer.status == .tooManyRequests && answer.shows("error-page"))
                #expect(answer.headers[.retryAfter] == "30")
                #expect(try await TestRowStore(server.database).count("sessions") == 0)
                server.clock.advance(by: .seconds(30))
                let later = try await signIn(TestBrowser(server), login, "analytical-engine")
                #expect(later.status == (login == "ada" ? .ok : .unprocessableContent))
            }
        }
    }

    @Test func `too many guesses from an address wait; signing in costs nothing`() async throws {
        try await TestServer.run(configure: { $0.limits.signInPerAddress = .init(burst: 2, perMinute: 1) }) { server in
            try await server.addUser()
            for _ in 0..<5 { #expect(try await signIn(TestBrowser(server), "ada", "analytical-engine").status == .ok) }
            #expect(try await signIn(TestBrowser(server), "grace", "wrong").status == .unprocessableContent)
            #expect(try await signIn(TestBrowser(server), "joan", "wrong").status == .unprocessableContent)
            let answer = try await signIn(TestBrowser(server), "ada", "analytical-engine")
            #expect(answer.status == .tooManyRequests && answer.headers[.retryAfter] == "60")
        }
    }

    @Test func `when too many passwords wait the answer is 503 with Retry-After, and no guess is counted`() async throws {
        try await TestServer.run(configure: {
            $0.passwordThreads = 1
            $0.passwordsWaitingMax = 0
            $0.limits.signInPerAccount = .init(burst: 20, perMinute: 1)
            if let slow = PasswordCost(memoryKiB: 19_456, passes: 12, parallelism: 1) { $0.passwordCost = slow }
        }) { server in
            try await server.addUser()
            var pages: [(TestBrowser, TestResponse)] = []
            for _ in 0..<15 {
                let browser = TestBrowser(server)
                pages.append((browser, try await browser.open("/sign-in")))
            }
            let form = [("username", "ada"), ("password", "wrong")]
            let answers = try await withThrowingTaskGroup(of: TestResponse.self) { [pages] group in
                for (browser, page) in pages { group.addTask { try await browser.submit("sign-in-form", of: page, form) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let busy = answers.filter { $0.status == .serviceUnavailable }
            #expect(!busy.isEmpty && busy.allSatisfy { $0.headers[.retryAfter] == "2" && $0.shows("error-page") })
            let wrong = answers.count { $0.status == .unprocessableContent }
            #expect(wrong >= 1 && wrong + busy.count == 15)
            // The refused ones were no guesses: with fifteen of twenty gone, six more would be too many.
            let (browser, page) = pages[0]
            var allowed = 0
            while allowed < 20 - wrong, try await browser.submit("sign-in-form", of: page, form).status == .unprocessableContent {
                allowed += 1
            }
            #expect(allowed == 20 - wrong)
            #expect(try await browser.submit("sign-in-form", of: page, form).status == .tooManyRequests)
        }
    }

    @Test func `an old hash is replaced by one of today's cost when its person signs in`() async throws {
        try await TestServer.run { server in
            let user = try await server.addUser()
            let old = try #require(PasswordCost(memoryKiB: 32, passes: 1, parallelism: 1))
            let hasher = PasswordHasher(cost: old, threads: 1, randomness: server.wiring.parts.randomness)
            let hash = try await hasher.hash("analytical-engine")
            let stored = try #require(user.passwordHash)
            try await UserStore(server.database).rehash(user.id, from: stored, to: hash)
            #expect(try await signIn(TestBrowser(server), "ada", "wrong").status == .unprocessableContent)
            #expect(try await UserStore(server.database).find(id: user.id)?.passwordHash?.text == hash.text)
            #expect(try await signIn(TestBrowser(server), "ada", "analytical-engine").shows("home-page"))
            let renewed = try await UserStore(server.database).find(id: user.id)?.passwordHash
            #expect(renewed?.needsRehash(for: server.wiring.hasher.cost) == false)
            #expect(try await signIn(TestBrowser(server), "ada", "analytical-engine").shows("home-page"))
        }
    }
}
