import FoundationEssentials

/// What an identity that a provider has vouched for leads to. Pure: the rules by which nobody gets another person's account.
struct FederationJudgement: Sendable {
    enum Verdict: Sendable, Equatable {
        case signIn(UUID)
        case create
        /// Linked without further proof.
        case link(UUID)
        /// Linked once the person has proven this account.
        case prove(UUID, hasPassword: Bool)
        case refuse(FederationNotice)
    }

    let profile: FederationProfile
    let provider: FederationProvider

    /// - Parameters:
    ///   - owner: whose identity it is already.
    ///   - namesake: the account with the same e-mail address.
    func judge(owner: User?, namesake: User?) -> Verdict {
        if let owner { return owner.disabledAt == nil ? .signIn(owner.id) : .refuse(.accountDisabled) }
        if let namesake {
            // An address that nobody has proven here may stand there because somebody waits for its owner.
            if isTrusted, namesake.emailVerified, namesake.disabledAt == nil { return .link(namesake.id) }
            // Whatever the provider says of the address: it is not the account's owner who says so.
            return .prove(namesake.id, hasPassword: namesake.passwordHash != nil)
        }
        guard provider.newUsers == .allow else { return .refuse(.accountUnknown) }
        guard !provider.requiresVerifiedEmail || hasVerifiedEmail else { return .refuse(.emailUnverified) }
        return .create
    }

    /// Whether the settings take this provider's word for the domain of the address.
    private var isTrusted: Bool { speaksForDomain && hasVerifiedEmail }

    private var speaksForDomain: Bool {
        guard let domain = profile.email.flatMap(Self.domain) else { return false }
        return provider.speaks(for: domain)
    }

    /// A provider that speaks for the domain needn't say that it has verified; one that says it has not is believed.
    var hasVerifiedEmail: Bool {
        guard profile.email != nil else { return false }
        return profile.emailVerified ?? speaksForDomain
    }

    /// Whether the address is of a domain that others of these providers speak for, and this one doesn't. Were its word for such an address
    /// kept, the account would later be linked without proof with whomever the domain's own provider sends.
    func isReserved(among providers: [FederationProvider]) -> Bool {
        guard let domain = profile.email.flatMap(Self.domain), !provider.speaks(for: domain) else { return false }
        return providers.contains { $0.speaks(for: domain) }
    }

    /// What follows the `@`, in lower case.
    static func domain(of address: String) -> String? {
        address.lastIndex(of: "@").map { address[address.index(after: $0)...].lowercased() }
    }
}
