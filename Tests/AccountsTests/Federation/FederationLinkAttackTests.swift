import FoundationEssentials
import HummingbirdTesting
import OAuthProtocol
import Runtime
import TestKit
import Testing

@testable import Accounts

/// Ways in which an identity could come to an account whose owner has not asked for it.
@Suite struct FederationLinkAttackTests {
    private static func signIn(_ username: String, _ server: TestServer, _ browser: TestBrowser) async throws {
        let page = try await browser.open("/sign-in")
        _ = try await browser.submit("sign-in-form", of: page, [("username", username), ("password", "analytical-engine")])
    }

    @Test func `a link that one person began is not finished by the next one in the same browser`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            try await server.addUser("mallory")
            let ada = try await server.addUser("ada") { $0.email = "other@example.org" }
            let browser = TestBrowser(server)
            try await Self.signIn("mallory", server, browser)
            let token = server.wiring.csrf.token(for: "link:" + (browser.cookie("gatehouse_session") ?? ""))
            let there = try await browser.open(FederationPage.linkPath(provider: "corp", token: token))
            try await Self.signIn("ada", server, browser)
            #expect(try await browser.open(try provider.authorize(there.location)).isErrorPage)
            #expect(try await FederationStore(server.database).list(of: ada.id).isEmpty)
            #expect(try await TestRowStore(server.database).count("federated_identities") == 0)
        }
    }

    @Test func `an identity that waits for one account's proof is not linked with another, proven by a provider`() async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            let first = TestProvider("https://one.example", clock: server.clock)
            let second = TestProvider("https://two.example", clock: server.clock)
            internet.add(first)
            internet.add(second)
            try await server.declare(first.declaration("one"), second.declaration("two"))
            // Mallory's own account, at the first provider.
            first.setPerson(["sub": "mallory", "email": "mallory@one.example", "preferred_username": "mallory"])
            _ = try await server.signIn(with: first, id: "one", browser: TestBrowser(server))
            let mallory = try #require(try await UserStore(server.database).find(login: "mallory@one.example"))
            try await server.addUser("ada") { $0.email = "ada@idp.example" }
            // Ada's identity at the second one waits for Ada's proof; Mallory's is none.
            let browser = TestBrowser(server)
            let page = try await server.signIn(with: second, id: "two", browser: browser)
            #expect(page.text.contains("linking-note"))
            let link = try #require(page.link("provider-one"))
            _ = try await server.signIn(with: first, browser: browser, path: link)
            #expect(try await FederationStore(server.database).list(of: mallory.id).map(\.providerID) == ["one"])
        }
    }

    @Test func `an account that is disabled is linked with nobody, whoever speaks for the domain`() throws {
        var provider = FederationPreset.google.provider(id: "google", clientID: "id")
        provider.trustedDomains = ["corp.example"]
        let profile = try FederationProfile(
            ["sub": "ada", "email": "ada@corp.example", "email_verified": true], form: nil, issuer: "https://i.example",
            provider: provider)
        let now = Date(timeIntervalSince1970: 0)
        var ada = User(id: UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)), username: "ada", now: now)
        ada.email = "ada@corp.example"
        ada.emailVerified = true
        let judgement = FederationJudgement(profile: profile, provider: provider)
        #expect(judgement.judge(owner: nil, namesake: ada) == .link(ada.id))
        ada.disabledAt = now
        #expect(judgement.judge(owner: nil, namesake: ada) == .prove(ada.id, hasPassword: false))
    }

    @Test func `an identity is found and removed under its owner's name only`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            let ada = try #require(try await UserStore(server.database).find(login: "ada@idp.example"))
            let grace = try await server.addUser("grace")
            let store = FederationStore(server.database)
            let identity = try #require(try await store.list(of: ada.id).first)
            #expect(try await store.find(id: identity.id, of: ada.id)?.id == identity.id)
            #expect(try await store.find(id: identity.id, of: grace.id)?.id == nil)
            #expect(try await store.unlink(identity.id, of: grace.id, hasAnother: true) == .unknown)
            #expect(try await store.list(of: ada.id).map(\.id) == [identity.id])
        }
    }

    @Test func `what the person has turned down is not linked by a proof that was under way`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            let ada = try await server.addUser("ada") { $0.email = "ada@idp.example" }
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("linking-note"))
            let signIn = try #require(
                try await server.database.first("select sign_in_id from pending_identities") { try $0.uuid(0) })
            let settled = try await withThrowingTaskGroup(of: Bool.self) { group in
                try await server.database.transaction { transaction in
                    try await transaction.execute("delete from pending_identities")
                    group.addTask {
                        try await FederationSignIn(federation: server.wiring.federation).settle(
                            signIn, provenBy: ada.id, address: "", now: server.clock.now) != nil
                    }
                    try await eventually("the proof waits for the identity's row, or is through") {
                        let waiting = try await server.database.first(
                            "select count(*) from pg_locks where not granted and locktype in ('transactionid', 'tuple')"
                        ) { try $0.int(0) }
                        if waiting != 0 { return true }
                        return try await !FederationStore(server.database).list(of: ada.id).isEmpty
                    }
                }
                return try #require(try await group.next())
            }
            #expect(!settled)
            #expect(try await FederationStore(server.database).list(of: ada.id).isEmpty)
        }
    }

    @Test func `two ways to sign in that are removed at once are not both removed`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            try await server.declare(provider.declaration("another"))
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            let user = try #require(try await UserStore(server.database).find(login: "ada@idp.example"))
            let store = FederationStore(server.database)
            let now = server.clock.now
            let first = try #require(try await store.list(of: user.id).first)
            let second = FederatedIdentity(
                id: server.wiring.parts.randomness.uuid(at: now), providerID: "another", issuer: "https://idp.example", subject: "2",
                userID: user.id, label: nil, createdAt: now, lastUsedAt: now)
            #expect(try await store.insert(second))
            let links = server.wiring.federation.links
            let verdict = try await withThrowingTaskGroup(of: FederationUnlinking.self) { group in
                try await server.database.transaction { transaction in
                    // One removal is under way, …
                    #expect(try await UserStore(transaction).lock(user.id))
                    #expect(try await FederationStore(transaction).unlink(first.id, of: user.id, hasAnother: true) == .unlinked)
                    // … and the other one waits for it.
                    group.addTask { try await links.unlink(second.id, of: user.id, address: "", now: now) }
                    try await eventually("the other removal waits for the person's row, or is through") {
                        let waiting = try await server.database.first(
                            "select count(*) from pg_locks where not granted and locktype in ('transactionid', 'tuple')"
                        ) { try $0.int(0) }
                        if waiting != 0 { return true }
                        return try await store.list(of: user.id).count < 2
                    }
                }
                return try #require(try await group.next())
            }
            #expect(verdict == .lastWayToSignIn)
            #expect(try await store.list(of: user.id).map(\.id) == [second.id])
        }
    }
}
