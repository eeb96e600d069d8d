import Accounts
import FoundationEssentials
import OAuthProtocol

/// A declared user as it should stand in the database, the password apart.
struct UserDeclaration {
    let declared: DeclaredUser

    /// Fills in everything but the password.
    func apply(to user: inout User, now: Date) {
        user.username = declared.username
        user.email = declared.email
        user.emailVerified = declared.emailVerified
        user.phoneNumber = declared.phoneNumber
        user.phoneNumberVerified = declared.phoneNumberVerified
        user.claims = claims
        user.roles = declared.roles
        user.isDeclared = true
        user.disabledAt = declared.disabled ? (user.disabledAt ?? now) : nil
    }

    private var claims: [String: JSONValue] {
        let texts: [(String, String?)] = [
            ("name", declared.name), ("given_name", declared.givenName), ("family_name", declared.familyName),
            ("middle_name", declared.middleName), ("nickname", declared.nickname), ("preferred_username", declared.preferredUsername),
            ("profile", declared.profile), ("picture", declared.picture), ("website", declared.website), ("gender", declared.gender),
            ("birthdate", declared.birthdate), ("zoneinfo", declared.zoneinfo), ("locale", declared.locale),
        ]
        var claims: [String: JSONValue] = [:]
        for (name, text) in texts { claims[name] = text.map(JSONValue.string) }
        claims["address"] = address
        return claims
    }

    /// OpenID Connect Core §5.1.1
    private var address: JSONValue? {
        guard let address = declared.address else { return nil }
        let texts: [(String, String?)] = [
            ("formatted", address.formatted), ("street_address", address.streetAddress), ("locality", address.locality),
            ("region", address.region), ("postal_code", address.postalCode), ("country", address.country),
        ]
        var members: [String: JSONValue] = [:]
        for (name, text) in texts { members[name] = text.map(JSONValue.string) }
        return .object(members)
    }

    /// Which parts of the stored user differ from the declared one.
    static func differences(_ stored: User, _ wanted: User) -> [String] {
        let parts: [(String, Bool)] = [
            ("username", stored.username != wanted.username),
            ("email", stored.email != wanted.email || stored.emailVerified != wanted.emailVerified),
            (
                "phone_number",
                stored.phoneNumber != wanted.phoneNumber || stored.phoneNumberVerified != wanted.phoneNumberVerified
            ),
            ("claims", stored.claims != wanted.claims),
            ("roles", stored.roles != wanted.roles),
            ("password", stored.passwordHash != wanted.passwordHash),
            ("declared", stored.isDeclared != wanted.isDeclared),
            ("disabled", (stored.disabledAt == nil) != (wanted.disabledAt == nil)),
        ]
        return parts.filter(\.1).map(\.0)
    }
}
