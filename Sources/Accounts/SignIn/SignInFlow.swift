import FoundationEssentials
import Keys
import Postgres
import Runtime
import Web

/// Begins sign-ins on behalf of whoever needs a person: the authorization endpoint, the home page.
package struct SignInFlow: Sendable {
    package static let path = "/sign-in"
    static let lifetime: Duration = .hours(1)

    private let database: any Queryable
    private let randomness: any Randomness

    package init(database: any Queryable, randomness: any Randomness) {
        self.database = database
        self.randomness = randomness
    }

    /// - Parameters:
    ///   - handle: what waits for this sign-in; beginning it again, by a reload, changes nothing. Nil makes one.
    ///   - returnTo: a path on this server, where the browser goes after the last step.
    ///   - offersPresentAccount: the page offers to go on as who is signed in already; the browser then comes back with `account=current`.
    /// - Returns: the path of the page to send the browser to.
    /// - Throws: `PostgresError`.
    package func begin(
        handle: String? = nil, returnTo: String, loginHint: String? = nil, client: PresentedClient? = nil,
        offersPresentAccount: Bool = false, upstream: UpstreamHints = UpstreamHints(),
        browser: BrowserBinding, now: Date
    ) async throws -> String {
        let handle = handle.map(OpaqueToken.init(text:)) ?? OpaqueToken.generate(randomness: randomness)
        try await SignInStore(database).insert(
            id: randomness.uuid(at: now), handle: handle, browser: browser.hash, returnTo: returnTo, loginHint: loginHint,
            client: client, offersPresentAccount: offersPresentAccount, upstream: upstream, now: now, expiresAt: now + Self.lifetime)
        return "\(Self.path)?flow=\(handle.text)"
    }
}
