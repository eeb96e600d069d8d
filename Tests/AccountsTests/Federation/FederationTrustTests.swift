import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import Runtime
import TestKit
import Testing
import Web

@testable import Accounts

/// How far a provider's word goes.
@Suite struct FederationTrustTests {
    private static let start: Int64 = 1_767_225_600

    @Test func `who is disabled while they come back from the provider stays disabled`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            let user = try #require(try await UserStore(server.database).find(login: "ada@idp.example"))
            provider.setPerson(["name": "Ada King"])
            let browser = TestBrowser(server)
            let back = try provider.authorize(try await browser.open("/sign-in/with/corp").location)
            let page = try await withThrowingTaskGroup(of: TestResponse.self) { group in
                try await server.database.transaction { transaction in
                    try await UserStore(transaction).disable(
                        user.id, now: server.clock.now, accessUntil: server.clock.now + .seconds(3_600))
                    group.addTask { try await browser.open(back) }
                    try await eventually("the sign-in waits for the person's row") {
                        let waiting = try await server.database.first(
                            "select count(*) from pg_locks where not granted and database = (select oid from pg_database where datname = current_database()) or not granted and locktype = 'transactionid'"
                        ) { try $0.int(0) }
                        return waiting != 0
                    }
                }
                return try #require(try await group.next())
            }
            #expect(page.text.contains("account_disabled"))
            #expect(try await UserStore(server.database).find(id: user.id)?.disabledAt != nil)
        }
    }

    @Test func `what a provider describes is all that is written, and of nobody who is disabled`() async throws {
        try await TestServer.run { server in
            let ada = try await server.addUser("ada")
            let store = UserStore(server.database)
            #expect(try await store.describe(ada.id, claims: ["name": "Ada King"], roles: ["x"], now: server.clock.now))
            let described = try #require(try await store.find(id: ada.id))
            #expect(described.claims == ["name": "Ada King"])
            #expect(described.roles == ["x"])
            #expect(described.passwordHash == ada.passwordHash)
            #expect(described.email == ada.email)
            try await server.disable(ada)
            #expect(try await store.describe(ada.id, claims: [:], roles: [], now: server.clock.now) == false)
            #expect(try await store.find(id: ada.id)?.disabledAt != nil)
        }
    }

    private static func microsoft(tenant: String) -> FederationProvider {
        var provider = FederationPreset.microsoft.provider(id: "microsoft", clientID: "id", tenant: tenant)
        provider.trustedDomains = ["corp.example"]
        return provider
    }

    @Test(arguments: ["common", "organizations", "consumers"])
    func `an address of any tenant is nobody's word for a domain`(_ tenant: String) throws {
        let provider = Self.microsoft(tenant: tenant)
        let profile = try FederationProfile(
            ["sub": "mallory", "email": "ada@corp.example"], form: nil, issuer: "https://i.example", provider: provider)
        let judgement = FederationJudgement(profile: profile, provider: provider)
        #expect(provider.hasManyTenants)
        #expect(!judgement.hasVerifiedEmail)
        var ada = User(
            id: UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)), username: "ada", now: .init(timeIntervalSince1970: 0))
        ada.email = "ada@corp.example"
        ada.emailVerified = true
        #expect(judgement.judge(owner: nil, namesake: ada) == .prove(ada.id, hasPassword: false))
    }

    @Test func `an address of the one tenant that the settings name is`() throws {
        let provider = Self.microsoft(tenant: "9188040d-6c67-4c5b-b112-36a304b66dad")
        let profile = try FederationProfile(
            ["sub": "ada", "email": "ada@corp.example"], form: nil, issuer: "https://i.example", provider: provider)
        #expect(!provider.hasManyTenants)
        #expect(FederationJudgement(profile: profile, provider: provider).hasVerifiedEmail)
        #expect(provider.answers(for: "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"))
        #expect(!provider.answers(for: "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0"))
    }

    @Test func `an address of another provider's domain is kept by that provider only`() async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            let lax = TestProvider("https://lax.example", clock: server.clock)
            let corp = TestProvider("https://corp.example", clock: server.clock)
            internet.add(lax)
            internet.add(corp)
            try await server.declare(lax.declaration("lax"), corp.declaration("corp") { $0.trustedDomains = ["idp.example"] })
            // Mallory says to be Ada where nobody checks, and waits for her.
            lax.setPerson(["sub": "mallory"])
            _ = try await server.signIn(with: lax, id: "lax", browser: TestBrowser(server))
            #expect(try await UserStore(server.database).find(login: "ada@idp.example") == nil)
            _ = try await server.signIn(with: corp, id: "corp", browser: TestBrowser(server))
            let ada = try #require(try await UserStore(server.database).find(login: "ada@idp.example"))
            #expect(try await FederationStore(server.database).list(of: ada.id).map(\.providerID) == ["corp"])
            #expect(try await TestRowStore(server.database).count("users") == 2)
        }
    }

    @Test func `a verification is believed of the address that it was said of only`() async throws {
        try await FederationSignInTests.run(change: { $0.usesUserInfo = true }) { server, provider, _ in
            provider.bend {
                $0.claims = { $0["email_verified"] = nil }
                $0.userInfo = { $0["email"] = "other@idp.example" }
            }
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(try await UserStore(server.database).find(login: "ada.lovelace")?.email == nil)
        }
    }

    @Test func `session and methods are the ID token's alone`() async throws {
        try await FederationSignInTests.run(change: {
            $0.usesUserInfo = true
            $0.trustsMethods = true
        }) { server, provider, _ in
            provider.bend {
                $0.claims = { $0["sid"] = nil }
                $0.userInfo = { said in
                    said["sid"] = "of-userinfo"
                    said["amr"] = ["mfa"]
                }
            }
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            let kept = try await server.database.first(
                "select f.upstream_session_id, s.methods from federated_sessions f join sessions s on s.id = f.session_id"
            ) { (try $0.optionalText(0), try $0.texts(1)) }
            #expect(kept?.0 == nil)
            #expect(kept?.1 == ["fed:corp"])
        }
    }

    @Test(arguments: ["sid", "sub"], ["a\u{0}b", "a\nb", .string(String(repeating: "a", count: 256)), "", 7] as [JSONValue])
    func `a name that is no short text is refused, not left out`(_ name: String, _ value: JSONValue) async throws {
        try await FederationSignInTests.run { server, provider, _ in
            provider.bend { $0.claims = { $0[name] = value } }
            let page = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(page.text.contains("provider_untrusted"))
            #expect(try await TestRowStore(server.database).liveSessions() == 0)
        }
    }

    @Test func `a link on another site signs nobody in`() async throws {
        try await FederationSignInTests.run { server, _, _ in
            for place in ["cross-site", "same-site", ""] {
                let answer = try await TestBrowser(server).exchange(
                    .get, "/sign-in/with/corp", headers: [.secFetchSite: place])
                #expect(answer.location == "/sign-in", "\(place)")
            }
            let answer = try await TestBrowser(server).exchange(.get, "/sign-in/with/corp", headers: [.secFetchSite: "same-origin"])
            #expect(answer.location?.hasPrefix("/sign-in/with/corp?flow=") == true)
            #expect(try await TestRowStore(server.database).count("federation_flows") == 0)
        }
    }

    @Test func `whoever is to prove themselves anew is asked for it, and nothing counts that doesn't say when it was`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            try await server.addClient()
            let flow = TestFlow(server)
            let page = try await flow.browser.open(flow.authorizeURI(["max_age": "60"]))
            var there = try await flow.browser.open(try #require(page.link("provider-corp")))
            #expect(there.locationParameter("prompt") == "login")
            #expect(there.locationParameter("max_age") == "0")
            let silent = try await flow.browser.open(try provider.authorize(there.location))
            #expect(silent.text.contains("proof_missing"))
            #expect(try await TestRowStore(server.database).liveSessions() == 0)
            // By a clock that is a little behind ours, which must not send the person round in circles.
            provider.bend { $0.claims = { $0["auth_time"] = .int(Self.start - 5) } }
            there = try await flow.browser.open(try #require(silent.link("provider-corp")))
            let done = try await flow.browser.open(try provider.authorize(there.location))
            #expect(done.location == nil || done.location?.contains("code=") == true)
            #expect(!done.text.contains("federation-notice"))
            #expect(try await TestRowStore(server.database).liveSessions() == 1)
        }
    }

    @Test func `OAuth 2.0 proves nobody anew`() async throws {
        try await FederationSignInTests.run(change: {
            $0.kind = .oauth
            $0.authorizationEndpoint = "https://idp.example/authorize"
            $0.tokenEndpoint = "https://idp.example/token"
            $0.userInfoEndpoint = "https://idp.example/userinfo"
        }) { server, _, _ in
            try await server.addClient()
            let flow = TestFlow(server)
            let page = try await flow.browser.open(flow.authorizeURI(["prompt": "login"]))
            #expect(try await flow.browser.open(try #require(page.link("provider-corp"))).text.contains("proof_missing"))
        }
    }

    @Test func `a session is as old as the provider says that the sign-in is`() async throws {
        try await FederationSignInTests.run { server, provider, _ in
            provider.bend { $0.claims = { $0["auth_time"] = .int(Self.start - 3_600) } }
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            let time = try await server.database.first("select authenticated_at from sessions") { try $0.date(0) }
            #expect(time == Date(timeIntervalSince1970: Double(Self.start - 3_600)))
        }
    }

    @Test func `a provider that takes its time dates its tokens by the end of it`() async throws {
        try await FederationSignInTests.run(change: { $0.clockTolerance = 0 }) { server, provider, _ async throws in
            provider.bend {
                $0.claims = { claims in
                    server.clock.advance(by: .seconds(8))
                    claims["iat"] = .int(Self.start + 8)
                }
            }
            #expect(try await server.signIn(with: provider, browser: TestBrowser(server)).text.contains("Ada Lovelace"))
        }
    }

    @Test func `whoever does not want it linked is not sent to the provider again`() async throws {
        try await FederationSignInTests.run(change: { $0.domains = ["idp.example"] }) { server, provider, _ in
            try await server.addClient()
            try await server.addUser("ada") { $0.email = "ada@idp.example" }
            let flow = TestFlow(server)
            let there = try await flow.browser.open(flow.authorizeURI(["domain_hint": "idp.example"]))
            let asked = try await flow.browser.open(try provider.authorize(there.location))
            let page = try await flow.browser.submit("cancel-link-form", of: asked)
            #expect(page.text.contains("sign-in-form"))
            #expect(!page.text.contains("federation-notice"))
        }
    }
}
