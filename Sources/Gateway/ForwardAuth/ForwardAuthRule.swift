import OAuthProtocol

/// What the door asks of requests to one place.
package final class ForwardAuthRule: Sendable {
    /// What a caller must show.
    package struct Requirements: Sendable {
        /// All of these.
        package var scopes: ScopeSet = []
        /// One of these, where there are any.
        package var anyScope: ScopeSet = []
        /// One of these, where there are any.
        package var roles: [String] = []
        /// How callers may prove themselves. A client's own secret is no credential to send through proxies.
        package var proofs = Set(Caller.Proof.allCases).subtracting([.clientSecret])
        /// The service that access tokens must name, and API keys that name any; nil: the protected origin itself.
        package var audience: String?
        package var acceptsPublishableKeys = false

        package init() {}
    }

    package enum Admission: Sendable {
        /// Everybody, also who shows nothing.
        case anonymous
        case callers
    }

    package let place: ForwardAuthPlace
    package let admission: Admission
    package let requirements: Requirements
    /// Whether people's browsers are sent to sign in, and their sessions count.
    package let servesBrowsers: Bool

    package init(
        _ place: ForwardAuthPlace, admission: Admission = .callers, requirements: Requirements = Requirements(),
        servesBrowsers: Bool = false
    ) {
        self.place = place
        self.admission = admission
        self.servesBrowsers = servesBrowsers
        var requirements = requirements
        if !servesBrowsers { requirements.proofs.remove(.session) }
        self.requirements = requirements
    }

    /// - Parameter origin: the protected one.
    func demand(origin: String) -> CallerDemand {
        var demand = CallerDemand(accepted: requirements.proofs, audience: requirements.audience ?? origin)
        demand.checksKeyAudiences = true
        demand.acceptsPublishableKeys = requirements.acceptsPublishableKeys
        return demand
    }
}
