import Accounts
import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import Runtime
import TestKit

/// A server with two providers, and Ada with her password.
struct AccountExample: Sendable {
    let server: TestServer
    let ada: User

    static func run(_ body: @escaping @Sendable (AccountExample) async throws -> Void) async throws {
        try await TestServer.run { server in
            try await server.declare(
                FederationPreset.google.provider(id: "google", clientID: "gatehouse"),
                FederationPreset.github.provider(id: "github", clientID: "gatehouse"))
            try await body(AccountExample(server: server, ada: try await server.addUser()))
        }
    }

    /// A browser in which somebody has signed in.
    func signedIn(_ username: String = "ada", userAgent: String? = nil) async throws -> TestBrowser {
        let browser = TestBrowser(server)
        let form = try TestForm.require("sign-in-form", in: try await browser.open("/sign-in"))
        var headers: HTTPFields = [:]
        headers[.userAgent] = userAgent
        _ = try await browser.exchange(
            .post, form.action, form.hidden + [("username", username), ("password", "analytical-engine")], headers: headers)
        return browser
    }

    @discardableResult
    func link(_ provider: String, to user: User, subject: String = "1") async throws -> FederatedIdentity {
        let now = server.clock.now
        let issuer = try await server.wiring.federation.directory.find(provider)?.issuer ?? "https://\(provider).example"
        let identity = FederatedIdentity(
            id: server.wiring.parts.randomness.uuid(at: now), providerID: provider, issuer: issuer, subject: subject,
            userID: user.id, label: "\(user.username)@\(provider).example", createdAt: now, lastUsedAt: now)
        _ = try await FederationStore(server.database).insert(identity)
        return identity
    }

    func removePassword(of user: User) async throws {
        var changed = user
        changed.passwordHash = nil
        try await UserStore(server.database).update(changed, now: server.clock.now)
    }

    func providers(of user: User) async throws -> [String] {
        try await FederationStore(server.database).list(of: user.id).map(\.providerID)
    }
}

extension TestForm {
    static func require(_ id: String, in page: TestResponse) throws -> TestForm {
        guard let form = TestForm(id: id, in: page.text) else { throw TestFormError(description: "no form \(id)") }
        return form
    }
}

extension FederatedIdentity {
    /// As pages write it.
    var text: String { id.uuidString.lowercased() }
}
