/// A `WWW-Authenticate` header field (RFC 9110 §11.6.1).
package enum Challenge: Sendable, Equatable {
    /// RFC 7617.
    case basic(realm: String = Challenge.defaultRealm)
    /// RFC 9449 §7.1.
    case dpop(realm: String = Challenge.defaultRealm, error: OAuthError.Code? = nil, description: String? = nil)
    /// For who shows nothing where a token of either scheme is taken (RFC 9449 §7.2).
    case accessToken(realm: String = Challenge.defaultRealm)
    /// RFC 6750 §3.
    case bearer(realm: String = Challenge.defaultRealm, error: OAuthError.Code? = nil, description: String? = nil, scope: String? = nil)

    package static let defaultRealm = "gatehouse"

    /// The value of the header field.
    package var headerValue: String {
        switch self {
        case .basic(let realm):
            // RFC 7617 §2.1: we read user-id and password as UTF-8.
            return "Basic realm=\(Self.quoted(realm)), charset=\"UTF-8\""
        case .dpop(let realm, let error, let description):
            var value = "DPoP realm=\(Self.quoted(realm))"
            if let error { value += ", error=\(Self.quoted(error.rawValue))" }
            if let description { value += ", error_description=\(Self.quoted(description))" }
            return value + ", algs=\(Self.quoted(DPoPKey.algorithms.joined(separator: " ")))"
        case .accessToken(let realm):
            return Challenge.bearer(realm: realm).headerValue + ", " + Challenge.dpop(realm: realm).headerValue
        case .bearer(let realm, let error, let description, let scope):
            var value = "Bearer realm=\(Self.quoted(realm))"
            if let error { value += ", error=\(Self.quoted(error.rawValue))" }
            if let description { value += ", error_description=\(Self.quoted(description))" }
            if let scope { value += ", scope=\(Self.quoted(scope))" }
            return value
        }
    }

    /// A quoted-string that needs no escapes, whatever the text.
    private static func quoted(_ text: String) -> String {
        "\"\(OAuthError.sanitised(text))\""
    }
}
