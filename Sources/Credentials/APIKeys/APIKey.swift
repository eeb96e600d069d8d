import FoundationEssentials
import Keys
import OAuthProtocol

/// A key that a program shows instead of a token.
package struct APIKey: Sendable {
    package typealias Owner = CredentialOwner

    package enum Kind: String, Sendable {
        case live
        case test
        case publishable = "pub"
        /// Made by another system and known by its hash alone.
        case imported
    }

    package var credential: Credential
    package let hash: TokenHash
    package let kind: Kind
    package var successorID: String?

    package init(_ credential: Credential, hash: TokenHash, kind: Kind) {
        self.credential = credential
        self.hash = hash
        self.kind = kind
    }

    package var id: String { credential.id }
    package var owner: CredentialOwner { credential.terms.owner }
    package var name: String { credential.terms.name }
    package var scopes: ScopeSet { credential.terms.scopes }
    package var audiences: [String] { credential.terms.audiences }
    package var expiresAt: Date? { credential.terms.expiresAt }
    package var createdAt: Date { credential.createdAt }
    package var revokedAt: Date? { credential.revokedAt }
    package var lastUsedAt: Date? { credential.lastUsedAt }
    package var ownerRoles: [String] { credential.ownerRoles }
    package var subject: String { credential.subject }
}
