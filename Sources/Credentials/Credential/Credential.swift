import FoundationEssentials
import OAuthProtocol

/// A long-lived credential of a user or client, whatever proves it: an API key, a key that signs requests.
package struct Credential: Sendable {
    /// Credentials that work at once, per owner and kind.
    package static let perOwnerMax = 1_000

    /// Why a credential that exists proves nothing now.
    package enum Flaw: Sendable {
        case revoked
        case expired
        case ownerDisabled
        /// Presented from an address that it is not allowed from.
        case address
    }

    package let id: String
    package var terms: CredentialTerms
    package let createdAt: Date
    package var revokedAt: Date?
    package var lastUsedAt: Date?
    /// What an owner who is a person may do: carried into tokens.
    package var ownerRoles: [String] = []
    /// Whether the owner is disabled now.
    package var isOwnerDisabled = false

    package init(id: String, terms: CredentialTerms, now: Date) {
        self.id = id
        self.terms = terms
        createdAt = now
    }

    /// The `sub` of what it proves.
    package var subject: String {
        switch terms.owner {
        case .user(let id): id.uuidString.lowercased()
        case .client(let id): id
        }
    }

    /// Pure: what it is worth now.
    /// - Parameter address: where it was presented from; nil where nobody says.
    package func judge(from address: String?, now: Date) -> Flaw? {
        if revokedAt != nil { return .revoked }
        if let expiresAt = terms.expiresAt, expiresAt <= now { return .expired }
        if isOwnerDisabled { return .ownerDisabled }
        if terms.networks.isEmpty { return nil }
        guard let address, terms.networks.contains(where: { $0.contains(address) }) else { return .address }
        return nil
    }
}
