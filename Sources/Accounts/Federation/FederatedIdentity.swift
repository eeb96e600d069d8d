import FoundationEssentials

/// Whom a person is at a provider, linked with an account here.
package struct FederatedIdentity: Sendable, Equatable {
    package let id: UUID
    package let providerID: String
    /// Who vouched for it. The same subject of another issuer is somebody else.
    package let issuer: String
    package let subject: String
    package let userID: UUID
    /// What the provider calls the person: an address or a name, for them to recognise. Proves nothing.
    package var label: String?
    package let createdAt: Date
    package var lastUsedAt: Date

    package init(
        id: UUID, providerID: String, issuer: String, subject: String, userID: UUID, label: String?, createdAt: Date, lastUsedAt: Date
    ) {
        self.id = id
        self.providerID = providerID
        self.issuer = issuer
        self.subject = subject
        self.userID = userID
        self.label = label
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
    }
}
