import OAuthProtocol

/// Where the claims of a person stand in what a provider says. A name with dots leads into objects: `address.country`.
package struct FederationClaimMapping: Sendable, Equatable, Codable {
    package var subject = "sub"
    package var email = "email"
    /// Where it says whether it has verified the address; nil: it never does.
    package var emailVerified: String? = "email_verified"
    package var username = "preferred_username"
    /// Standard claims (OpenID Connect Core §5.1) by their names here, with where each stands there.
    package var claims: [String: String] = Self.standard

    package init() {}

    package static let standard: [String: String] = Dictionary(
        uniqueKeysWithValues: [
            "name", "given_name", "family_name", "middle_name", "nickname", "profile", "picture", "website", "gender", "birthdate",
            "zoneinfo", "locale",
        ].map { ($0, $0) })

    /// The value that a path leads to.
    static func find(_ path: String, in json: JSONValue) -> JSONValue? {
        // A claim whose name has dots itself, such as a URL, comes first.
        if let whole = json[path] { return whole.isNull ? nil : whole }
        var value = json
        for part in path.split(separator: ".") {
            guard let next = value[String(part)] else { return nil }
            value = next
        }
        return value.isNull ? nil : value
    }
}

/// How a provider's groups become roles here.
package struct FederationRoleMapping: Sendable, Equatable, Codable {
    /// The claim that lists the groups: texts, or one text.
    package var claim = "groups"
    /// Role by group.
    package var roles: [String: String] = [:]

    package init() {}

    /// The roles after a sign-in: those that the mapping names come and go with the groups, all others stay.
    func apply(groups: [String], to held: [String]) -> [String] {
        guard !roles.isEmpty else { return held }
        let managed = Set(roles.values)
        let granted = Set(groups.compactMap { roles[$0] })
        return held.filter { !managed.contains($0) || granted.contains($0) } + granted.subtracting(held).sorted()
    }
}
