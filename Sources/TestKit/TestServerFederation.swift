import Accounts
import FoundationEssentials
import HummingbirdTesting

/// Providers, and signing in with them, in one call each.
extension TestServer {
    /// Puts providers where the settings file would put them, and lets this node know.
    package func declare(_ providers: FederationProvider...) async throws {
        let store = FederationProviderStore(database, masterKeys: wiring.parts.masterKeys)
        for (position, provider) in providers.enumerated() {
            try await store.put(provider, position: position, isDeclared: true, randomness: wiring.parts.randomness, now: clock.now)
        }
        try await wiring.federation.directory.load()
    }

    /// Signs in with a provider, from the button to whatever comes after its answer.
    package func signIn(
        with provider: TestProvider, id: String = "corp", browser: TestBrowser, path: String? = nil
    ) async throws -> TestResponse {
        let there = try await browser.open(path ?? "/sign-in/with/\(id)")
        return try await browser.open(try provider.authorize(there.location))
    }
}

extension TestResponse {
    /// Where the link with this id leads.
    package func link(_ id: String) -> String? {
        guard let start = text.firstRange(of: "id=\"\(id)\" href=\"") else { return nil }
        return String(text[start.upperBound...].prefix { $0 != "\"" }).replacing("&amp;", with: "&")
    }
}
