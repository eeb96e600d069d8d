import OAuthProtocol
import Runtime
import Web

/// What the operator has decided for the door.
package struct ForwardAuthSettings: Sendable {
    /// In order; the first that matches decides, and where none does nobody passes.
    package var rules: [ForwardAuthRule] = []
    /// Addresses of the proxies that may ask.
    package var proxies: [AddressNetwork] = []
    /// How long a browser's session at the door lasts at most; it ends with the person's session in any case.
    /// Under 24 hours: as long as revoked grants are remembered (``OAuthSettings/accessTokenLifetimeMax``).
    package var sessionLifetime: Duration = .hours(12)
    /// What sessions at the door are worth.
    package var sessionScopes: ScopeSet = ["openid", "profile", "email"]
    /// Where the proxies, which are set up to ask for client certificates and to write that field always, tell what they saw.
    package var certificates = ProxyCertificateSource.none

    package init() {}

    /// Origins that people sign in at, as browsers write them. Plain http only on this machine.
    package var browserOrigins: [String] {
        var origins: [String] = []
        for rule in rules where rule.servesBrowsers {
            guard case .exact(let host, let port) = rule.place.host else { continue }
            for scheme in ["https", "http"] {
                guard let uri = try? AbsoluteURI(parsing: "\(scheme)://\(host)\(port.map { ":\($0)" } ?? "")"), uri.isWebAddress,
                    let origin = uri.origin, !origins.contains(origin)
                else { continue }
                origins.append(origin)
            }
        }
        return origins
    }
}
