import FoundationEssentials

/// That a session here rests on one at a provider.
struct FederatedSession: Sendable, Equatable {
    let identityID: UUID
    /// `sid` at the provider; nil where it said none.
    let upstreamSessionID: String?
    /// When the person proved themselves there; nil: now, or it said nothing. Not stored here: it is the session's.
    let authenticatedAt: Date?
}
