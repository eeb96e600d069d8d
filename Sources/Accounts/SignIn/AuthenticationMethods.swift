/// How a person proved who they are, as sessions and grants record it: the values of `amr` (RFC 8176), and for a provider of others its id
/// beside them (`fed:google`), and its `acr` (`acr:…`). No value that a provider gives has a colon in it, so it can't pass for either.
package struct AuthenticationMethods: Sendable, Equatable {
    private static let prefix = "fed:"
    private static let contextPrefix = "acr:"
    /// What begins so is ours to say.
    private static let ownContexts = "urn:gatehouse:"

    /// What tokens say in `amr`. `fed` isn't registered; identity servers commonly use it.
    package let amr: [String]
    /// The provider that vouched for the person: the claim `idp`.
    package let provider: String?
    /// How sure that provider is of the person, in its own words: the claim `acr` (OpenID Connect Core §2).
    package let context: String?

    package init(_ recorded: [String]) {
        var amr: [String] = []
        var provider: String?
        var context: String?
        for method in recorded {
            if method.hasPrefix(Self.contextPrefix) {
                context = String(method.dropFirst(Self.contextPrefix.count))
                continue
            }
            let isProvider = method.hasPrefix(Self.prefix)
            if isProvider { provider = String(method.dropFirst(Self.prefix.count)) }
            let name = isProvider ? "fed" : method
            if !amr.contains(name) { amr.append(name) }
        }
        self.amr = amr
        self.provider = provider
        self.context = context
    }

    /// What is recorded of a provider's `acr`.
    static func context(_ value: String) -> String { contextPrefix + value }

    /// What is recorded, without a provider's `acr`.
    package static func withoutContext(_ recorded: [String]) -> [String] { recorded.filter { !$0.hasPrefix(contextPrefix) } }

    /// Whether a provider may say so: one printable word, and none of ours, in whatever letter case (RFC 8141 §3.1).
    static func isForeignContext(_ value: String) -> Bool {
        (1...255).contains(value.utf8.count) && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            && !value.lowercased().hasPrefix(ownContexts)
    }

    /// What is recorded for a sign-in with a provider.
    static func federated(_ providerID: String) -> String { prefix + providerID }

    /// Whether a recorded method is a whole first factor.
    static func isFirstFactor(_ method: String) -> Bool { method == "pwd" || method.hasPrefix(prefix) }
}
