import Gateway

/// `api_keys`: what keys may carry, and whom the machine API (`/v1`, introspection) answers.
package struct APIKeysSettings: Sendable {
    /// Scopes that publishable keys, which anybody may see, can carry.
    package var publishableScopes: [String] = []
    /// How callers of the machine API may prove themselves.
    package var callers = Set(Caller.Proof.allCases)

    init(_ section: SettingsSection) {
        publishableScopes = section.scalars("publishable_scopes", .scopeToken, countMax: 100)
        let named = section.scalars(
            "callers", SettingsScalar<Caller.Proof>.word.holding("is for browsers at the door, not for the machine API") { $0 != .session })
        if !named.isEmpty { callers = Set(named) }
    }
}
