import FoundationEssentials
import OAuthProtocol
import Runtime
import TestKit
import Testing

@testable import Accounts
@testable import OAuth

@Suite struct AuthorizationJudgementTests {
    private static let now = ManualClock().now

    private enum Word: Equatable { case signIn, selectAccount, consent, approve, refuse(String) }

    private func judge(
        prompt: Prompt = [], maxAge: Duration? = nil, subject: String? = nil, consent: Client.Consent = .ask,
        signedIn age: Duration? = nil, remembered: [String] = [], startedAt: Date = now, hasSelectedAccount: Bool = false
    ) throws -> Word {
        let metadata = try ClientMetadata(
            registering: ["client_name": "App", "redirect_uris": ["https://app.example/callback"]], policy: .declared)
        var client = Client(id: "app", metadata: metadata, origin: .declared, scopes: ScopeSet(["openid", "email"]), now: Self.now)
        client.consent = consent
        let target = AuthorizationTarget(
            client: client, redirectURI: metadata.redirectURIs[0], sentRedirectURI: nil, responseMode: .query, state: nil)
        let request = AuthorizationRequest(
            target: target, scopes: ScopeSet(["openid", "email"]), audiences: [], nonce: nil, prompt: prompt, maxAge: maxAge,
            loginHint: nil, domainHint: nil, requiredSubject: subject, codeChallenge: nil, dpopKey: nil, claims: nil)
        let session = age.map { age in
            Session(
                id: UUID(), user: Self.ada, createdAt: Self.now - age, authenticatedAt: Self.now - age, methods: ["pwd"],
                lastSeenAt: Self.now, expiresAt: Self.now + .hours(1), tokenText: "token")
        }
        let judgement = AuthorizationJudgement(
            request: request, session: session, remembered: ScopeSet(remembered), startedAt: startedAt,
            hasSelectedAccount: hasSelectedAccount, now: Self.now)
        return switch judgement.judge() {
        case .signIn: .signIn
        case .selectAccount: .selectAccount
        case .consent: .consent
        case .approve: .approve
        case .refuse(let error): .refuse(error.code.rawValue)
        }
    }

    private static let ada = User(id: UUID(), username: "ada", now: now)
    private static let all = ["openid", "email"]

    @Test func `without a session a person signs in, unless nobody may be asked`() throws {
        #expect(try judge() == .signIn)
        #expect(try judge(prompt: .login) == .signIn)
        #expect(try judge(prompt: .consent) == .signIn)
        #expect(try judge(prompt: .selectAccount) == .signIn)
        #expect(try judge(prompt: .none) == .refuse("login_required"))
    }

    @Test func `consent is asked for once, and again for more`() throws {
        #expect(try judge(signedIn: .minutes(5)) == .consent)
        #expect(try judge(signedIn: .minutes(5), remembered: ["openid"]) == .consent)
        #expect(try judge(signedIn: .minutes(5), remembered: Self.all) == .approve)
        #expect(try judge(prompt: .consent, signedIn: .minutes(5), remembered: Self.all) == .consent)
        #expect(try judge(prompt: .none, signedIn: .minutes(5), remembered: Self.all) == .approve)
        #expect(try judge(prompt: .none, signedIn: .minutes(5), remembered: ["openid"]) == .refuse("consent_required"))
    }

    @Test func `the operator's consent stands for everyone's, but a client may still ask`() throws {
        #expect(try judge(consent: .implicit, signedIn: .minutes(5)) == .approve)
        #expect(try judge(prompt: .none, consent: .implicit, signedIn: .minutes(5)) == .approve)
        #expect(try judge(prompt: .consent, consent: .implicit, signedIn: .minutes(5)) == .consent)
    }

    @Test func `prompt=login wants a sign-in after the request`() throws {
        #expect(try judge(prompt: .login, signedIn: .minutes(5), remembered: Self.all) == .signIn)
        #expect(
            try judge(prompt: .login, signedIn: .seconds(5), remembered: Self.all, startedAt: Self.now - .seconds(6)) == .approve)
        #expect(
            try judge(prompt: .login, signedIn: .seconds(7), remembered: Self.all, startedAt: Self.now - .seconds(6)) == .signIn)
        #expect(try judge(prompt: [.login, .consent], signedIn: .minutes(5), remembered: Self.all) == .signIn)
    }

    @Test func `max_age counts from the sign-in, and a sign-in for this request is always young enough`() throws {
        #expect(try judge(maxAge: .seconds(10), signedIn: .seconds(10), remembered: Self.all) == .approve)
        #expect(try judge(maxAge: .seconds(10), signedIn: .seconds(11), remembered: Self.all) == .signIn)
        #expect(try judge(maxAge: .zero, signedIn: .seconds(1), remembered: Self.all) == .signIn)
        #expect(try judge(prompt: .none, maxAge: .seconds(10), signedIn: .seconds(11), remembered: Self.all) == .refuse("login_required"))
        #expect(try judge(maxAge: .zero, signedIn: .minutes(3), remembered: Self.all, startedAt: Self.now - .minutes(4)) == .approve)
    }

    @Test func `prompt=select_account is answered by a choice or by signing in`() throws {
        #expect(try judge(prompt: .selectAccount, signedIn: .minutes(5), remembered: Self.all) == .selectAccount)
        #expect(try judge(prompt: .selectAccount, signedIn: .minutes(5), remembered: Self.all, hasSelectedAccount: true) == .approve)
        #expect(
            try judge(prompt: .selectAccount, signedIn: .minutes(5), remembered: Self.all, startedAt: Self.now - .minutes(6)) == .approve)
        // The choice stands for no sign-in.
        #expect(
            try judge(prompt: [.login, .selectAccount], signedIn: .minutes(5), remembered: Self.all, hasSelectedAccount: true) == .signIn)
        #expect(
            try judge(
                prompt: .selectAccount, maxAge: .seconds(1), signedIn: .minutes(5), remembered: Self.all, hasSelectedAccount: true)
                == .signIn)
    }

    @Test func `an answer is about the person that the request names, or there is none`() throws {
        let ada = Self.ada.id.token
        #expect(try judge(subject: ada, signedIn: .minutes(5), remembered: Self.all) == .approve)
        #expect(try judge(subject: "grace", signedIn: .minutes(5), remembered: Self.all) == .signIn)
        #expect(try judge(prompt: .none, subject: "grace", signedIn: .minutes(5), remembered: Self.all) == .refuse("login_required"))
        #expect(
            try judge(subject: "grace", signedIn: .minutes(5), remembered: Self.all, startedAt: Self.now - .minutes(6))
                == .refuse("login_required"))
        #expect(try judge(subject: "grace", consent: .implicit, signedIn: .minutes(5)) == .signIn)
    }
}
