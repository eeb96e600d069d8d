import FoundationEssentials
import Guard
import Keys
import OAuthProtocol
import Web

/// A key that a program shows instead of a token: who owns it, what it may do, from where, for how long.
package struct APIKey: Sendable {
    package enum Kind: String, Sendable {
        case live
        case test
        case publishable = "pub"
        /// Made by another system and known by its hash alone.
        case imported
    }

    package enum Owner: Sendable, Hashable {
        case user(UUID)
        case client(String)
    }

    package let id: String
    package let hash: TokenHash
    package let kind: Kind
    package let owner: Owner
    package var name: String
    package var scopes: ScopeSet
    package var audiences: [String]
    /// Empty: from anywhere.
    package var networks: [AddressNetwork]
    package var limit: AttemptLimit?
    package var expiresAt: Date?
    package var revokedAt: Date?
    package var successorID: String?
    package var lastUsedAt: Date?
    package let createdAt: Date
    /// What an owner who is a person may do: carried into tokens.
    package var ownerRoles: [String] = []
    /// Whether the owner is disabled now.
    package var isOwnerDisabled = false

    package init(id: String, hash: TokenHash, kind: Kind, owner: Owner, name: String, scopes: ScopeSet, now: Date) {
        self.id = id
        self.hash = hash
        self.kind = kind
        self.owner = owner
        self.name = name
        self.scopes = scopes
        self.audiences = []
        self.networks = []
        self.createdAt = now
    }

    /// The `sub` of what it proves.
    package var subject: String {
        switch owner {
        case .user(let id): id.uuidString.lowercased()
        case .client(let id): id
        }
    }
}
