import FoundationEssentials
import Guard
import OAuthProtocol
import Web

/// Who a long-lived credential acts for.
package enum CredentialOwner: Sendable, Hashable {
    case user(UUID)
    case client(String)
}

/// What its maker decides of a credential: whose it is, what it may do, from where, how often, for how long.
package struct CredentialTerms: Sendable {
    package var owner: CredentialOwner
    package var name: String
    package var scopes: ScopeSet
    package var audiences: [String] = []
    /// Empty: from anywhere.
    package var networks: [AddressNetwork] = []
    package var limit: AttemptLimit?
    package var expiresAt: Date?

    package init(owner: CredentialOwner, name: String, scopes: ScopeSet) {
        self.owner = owner
        self.name = name
        self.scopes = scopes
    }
}
