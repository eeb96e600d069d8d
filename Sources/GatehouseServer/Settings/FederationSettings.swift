import Accounts

/// `federation`: providers of others that people may sign in with.
package struct FederationSettings: Sendable {
    package var providers: [FederationProvider] = []

    init(_ section: SettingsSection, _ context: DeclarationContext, allowsHTTP: Bool) {
        var ids: Set<String> = []
        var domains: Set<String> = []
        providers = section.list("providers", countMax: 50) { entry in
            guard let provider = DeclaredProvider(entry, context, allowsHTTP: allowsHTTP).provider else { return nil }
            if !ids.insert(provider.id).inserted { entry.refuse("id", "the provider \(provider.id) is declared twice") }
            for domain in provider.domains where !domains.insert(domain).inserted {
                entry.refuse("domains", "\(domain) is another provider's")
            }
            return provider
        }
    }
}
