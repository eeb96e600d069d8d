import OAuthProtocol

/// Which scopes a key may be given.
package struct APIKeyRights: Sendable {
    /// What a key that anybody may see can do at most.
    private let publishable: ScopeSet
    private let isKnown: @Sendable (String) -> Bool

    /// - Parameters:
    ///   - publishable: scopes that publishable keys may carry.
    ///   - isKnown: whether a scope is one of the settings' resources or of this server.
    package init(publishable: ScopeSet, isKnown: @escaping @Sendable (String) -> Bool) {
        self.publishable = publishable
        self.isKnown = isKnown
    }

    /// - Throws: `invalid_scope`.
    func check(_ scopes: ScopeSet, kind: APIKeyText.Kind, held: ScopeSet, isAdmin: Bool) throws(OAuthError) {
        guard scopes.array.allSatisfy(isKnown) else { throw .invalidScope("scope is not known") }
        // These speak of a person who is present; nobody is when a key is used.
        guard scopes.intersection(["openid", "offline_access"]).isEmpty else { throw .invalidScope("scope needs a person who signs in") }
        guard isAdmin || scopes.isSubset(of: held) else { throw .invalidScope("scope exceeds what the caller holds") }
        guard kind != .publishable || scopes.isSubset(of: publishable) else {
            throw .invalidScope("scope exceeds what publishable keys may carry")
        }
    }
}
