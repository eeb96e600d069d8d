import Web

/// What the sign-in page says of providers: the buttons, what went wrong, and the identity that waits for proof.
struct SignInOffer: Sendable {
    let federation: Federation

    /// Adds `providers`, where there are any, and `asksForDomain` where an address alone can lead to one of them.
    /// - Throws: `PostgresError`, `MasterKeyError`.
    func addProviders(to model: inout PageModel, for signIn: SignIn) async throws {
        let providers = try await federation.directory.providers()
        guard !providers.isEmpty else { return }
        model["providers"] = providers.map { provider -> PageModel in
            [
                "id": provider.id, "name": provider.name, "icon": provider.icon.rawValue, "icon-\(provider.icon.rawValue)": true,
                "href": FederationPage.startPath(provider: provider.id, flow: signIn.handle),
            ]
        }
        model["hasProviders"] = true
        model["asksForDomain"] = providers.contains { !$0.domains.isEmpty }
    }

    /// What a provider could not do: `code`, a flag of that name, and the provider's name.
    func notice(_ signIn: SignIn) async throws -> PageModel? {
        guard let notice = signIn.notice, notice != .providerTried else { return nil }
        let provider = try await signIn.noticeProvider.asyncFlatMap { try await federation.directory.find($0) }
        var model: PageModel = [
            "code": notice.rawValue, notice.rawValue: true, "provider": provider?.name ?? signIn.noticeProvider ?? "The provider",
        ]
        if notice == .proofMissing { model["leaveHref"] = signIn.leavePath }
        return model
    }

    /// The identity that is linked once the person has proven the account with its address.
    func linking(_ signIn: SignIn) async throws -> (model: PageModel, address: String)? {
        guard let pending = try await federation.pending(signIn.id) else { return nil }
        let provider = try await federation.directory.find(pending.providerID)?.name ?? pending.providerID
        let address = pending.profile.email ?? ""
        return (
            ["provider": provider, "label": pending.profile.label, "username": address, "cancelAction": SignInPage.forgetPath], address
        )
    }

    /// The provider whose people the application means.
    func homeRealm(of signIn: SignIn) async throws -> FederationProvider? {
        if let domain = signIn.upstream.domainHint { return try await federation.directory.find(domain: domain) }
        return try await signIn.loginHint.asyncFlatMap { try await homeRealm(of: $0) }
    }

    /// The provider whose people have addresses like this one.
    func homeRealm(of login: String) async throws -> FederationProvider? {
        guard let domain = FederationJudgement.domain(of: login) else { return nil }
        return try await federation.directory.find(domain: domain)
    }
}

extension Optional {
    fileprivate func asyncFlatMap<Result>(_ transform: (Wrapped) async throws -> Result?) async rethrows -> Result? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
