import Keys
import OAuthProtocol
import Runtime

/// What the operator has decided for tokens and clients.
package struct OAuthSettings: Sendable {
    /// The issuer identifier (RFC 8414 §2): no trailing slash.
    package var issuer: String
    /// Where clients show their certificates (RFC 8705 §5), without a trailing slash; nil where they can't.
    package var mutualTLSURL: String?
    /// Where those who read discovery are to call what machines call, without a trailing slash; nil: at the issuer's address.
    package var backChannelURL: String?
    package var accessTokenAlgorithm: SigningAlgorithm = .es256
    package var accessTokenLifetime: Duration = .hours(1)
    package var idTokenLifetime: Duration = .hours(1)
    package var codeLifetime: Duration = .seconds(60)
    /// Slides with every rotation.
    package var refreshTokenLifetime: Duration = .days(7)
    /// From the authorization on, whatever the rotations.
    package var grantLifetime: Duration = .days(90)
    /// How long a rotated refresh token still answers with its own successor.
    package var refreshGrace: Duration = .seconds(30)
    /// Whether DPoP proofs must carry a nonce of ours (RFC 9449 §8).
    package var requiresDPoPNonces = false
    package var authorizationRequestLifetime: Duration = .hours(1)
    package var resources: [Resource] = []
    /// Scopes that belong to no resource.
    package var scopes: [Resource.Scope] = []
    package var registration = RegistrationPolicy.off
    /// Dynamically registered clients at most.
    package var registeredClientsMax = 10_000

    /// Every scope that means something here.
    package var knownScopes: Set<String> {
        Set(Audiences(self).allScopes).union(Audiences.machineScopes)
    }

    /// The services that a client speaks for: itself, and the resources that name it.
    package func services(of clientID: String) -> [String] { Audiences(self).spokenFor(by: clientID) }

    package init(issuer: String) {
        self.issuer = issuer
    }

    /// The longest that any access token issued at an instant can live: how long a revocation must be remembered.
    package static let accessTokenLifetimeMax: Duration = .hours(24)
}

/// Who may register a client (RFC 7591 §3).
package enum RegistrationPolicy: Sendable {
    case off
    /// Bearers of one of these initial access tokens.
    case initialAccessToken([TokenHash])
    case open
}
