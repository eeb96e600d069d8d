import Accounts
import OAuthProtocol

/// How sure a sign-in makes us of the person: the `acr` claim (OpenID Connect Core §2).
enum AuthenticationContext: String, CaseIterable, Sendable {
    /// One factor.
    case singleFactor = "urn:gatehouse:acr:1"

    /// - Parameter methods: the `amr` values of a sign-in (RFC 8176).
    static func judge(methods: [String]) -> AuthenticationContext { .singleFactor }

    /// What tokens say: a provider's word where the settings trust it, else ours.
    static func claim(methods: [String]) -> String { AuthenticationMethods(methods).context ?? judge(methods: methods).rawValue }

    /// The methods that a grant records. Where the application can do with some values only (OpenID Connect Core §5.5.1.1), a provider's
    /// other one is left out: ours is among them, or the request had been refused.
    static func methods(_ recorded: [String], answering claims: ClaimsRequest?) -> [String] {
        guard let wanted = wanted(by: claims), let said = AuthenticationMethods(recorded).context, !wanted.contains(said) else {
            return recorded
        }
        return AuthenticationMethods.withoutContext(recorded)
    }

    /// - Returns: the values without which the application can do nothing; nil where any will do.
    static func wanted(by claims: ClaimsRequest?) -> [String]? {
        guard let acr = claims?.idToken["acr"], acr.isEssential else { return nil }
        let values = (acr.values ?? []) + (acr.value.map { [$0] } ?? [])
        return values.isEmpty ? nil : values.map { $0.string ?? "" }
    }
}
