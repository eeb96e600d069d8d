import Audit

extension AuditEvent.Kind {
    package static let providerCreated = Self("provider.created")
    package static let providerChanged = Self("provider.changed")
    package static let providerErased = Self("provider.erased")
    package static let identityLinked = Self("identity.linked")
    package static let identityUnlinked = Self("identity.unlinked")
    /// With the provider and the reason, in words of a closed list.
    package static let federationRefused = Self("federation.refused")
    /// Kept tokens of a provider are erased: with the reason, and their number where it is not one person's.
    package static let upstreamTokenErased = Self("upstream_token.erased")
    package static let logoutReceived = Self("federation.logout")
    package static let logoutRefused = Self("federation.logout_refused")
}
