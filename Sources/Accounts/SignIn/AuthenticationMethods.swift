/// How a person proved who they are, as sessions and grants record it: the values of `amr` (RFC 8176), and for a provider of others its id
/// beside them (`fed:google`).
package struct AuthenticationMethods: Sendable, Equatable {
    private static let prefix = "fed:"

    /// What tokens say in `amr`. `fed` isn't registered; identity servers commonly use it.
    package let amr: [String]
    /// The provider that vouched for the person: the claim `idp`.
    package let provider: String?

    package init(_ recorded: [String]) {
        var amr: [String] = []
        var provider: String?
        for method in recorded {
            let isProvider = method.hasPrefix(Self.prefix)
            if isProvider { provider = String(method.dropFirst(Self.prefix.count)) }
            let name = isProvider ? "fed" : method
            if !amr.contains(name) { amr.append(name) }
        }
        self.amr = amr
        self.provider = provider
    }

    /// What is recorded for a sign-in with a provider.
    static func federated(_ providerID: String) -> String { prefix + providerID }

    /// Whether a recorded method is a whole first factor.
    static func isFirstFactor(_ method: String) -> Bool { method == "pwd" || method.hasPrefix(prefix) }
}
