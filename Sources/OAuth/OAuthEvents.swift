import Audit

extension AuditEvent.Kind {
    package static let clientCreated = Self("client.created")
    package static let clientChanged = Self("client.changed")
    package static let clientErased = Self("client.erased")
    package static let grantGiven = Self("grant.given")
    package static let grantRevoked = Self("grant.revoked")
    package static let consentDenied = Self("consent.denied")
    package static let tokenRevoked = Self("token.revoked")
    /// Counted, with the reason.
    package static let dpopRefused = Self("dpop.refused")
    package static let clientTokensIssued = Self("client_tokens.issued")
    package static let upstreamTokenGiven = Self("upstream_token.given")
    package static let upstreamTokenRefused = Self("upstream_token.refused")
}
