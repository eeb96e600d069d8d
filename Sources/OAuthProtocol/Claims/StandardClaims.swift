/// Which claims a scope stands for (OpenID Connect Core §5.4).
package enum StandardClaims {
    /// The scopes that release claims about a person.
    package static let scopes = ["profile", "email", "address", "phone"]

    /// The claims of one scope; none for a scope that isn't in the table.
    package static func names(for scope: String) -> [String] {
        switch scope {
        case "profile":
            [
                "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
                "gender", "birthdate", "zoneinfo", "locale", "updated_at",
            ]
        case "email": ["email", "email_verified"]
        case "address": ["address"]
        case "phone": ["phone_number", "phone_number_verified"]
        default: []
        }
    }

    /// The claims that all scopes of a grant stand for.
    package static func names(releasedBy granted: ScopeSet) -> [String] {
        scopes.filter(granted.contains).flatMap(names(for:))
    }

    /// Every claim about a person, in the table's order.
    package static let all = scopes.flatMap(names(for:))

    /// The scope that stands for a claim; nil for a claim outside the table.
    package static func scope(releasing claim: String) -> String? {
        scopes.first { names(for: $0).contains(claim) }
    }
}
