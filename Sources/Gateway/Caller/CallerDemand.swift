/// What a place asks of those who call there: which proofs count, and whom they must be meant for.
package struct CallerDemand: Sendable {
    package var accepted: Set<Caller.Proof>
    /// The service that an access token must name (RFC 9068 §4).
    package var audience: String
    /// Whether an API key that names services must name this one. At the machine API a key's scopes alone decide.
    package var checksKeyAudiences = false
    /// Everybody may hold a publishable key, so that it proves little.
    package var acceptsPublishableKeys = false

    package init(accepted: Set<Caller.Proof>, audience: String) {
        self.accepted = accepted
        self.audience = audience
    }

    /// Whether a key with these audiences may be used here.
    func admits(_ audiences: [String]) -> Bool {
        !checksKeyAudiences || audiences.isEmpty || audiences.contains(audience)
    }
}
