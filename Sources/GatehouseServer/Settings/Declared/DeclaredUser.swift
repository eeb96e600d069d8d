/// A user that the settings declare, with the standard claims of OpenID Connect Core §5.1.
package struct DeclaredUser: Sendable {
    package var username: String
    package var password: DeclaredPassword
    package var name: String?
    package var givenName: String?
    package var familyName: String?
    package var middleName: String?
    package var nickname: String?
    package var preferredUsername: String?
    package var profile: String?
    package var picture: String?
    package var website: String?
    package var gender: String?
    package var birthdate: String?
    package var zoneinfo: String?
    package var locale: String?
    package var email: String?
    package var emailVerified: Bool
    package var phoneNumber: String?
    package var phoneNumberVerified: Bool
    package var address: DeclaredAddress?
    package var roles: [String]
    package var disabled: Bool

    static func read(_ section: SettingsSection, _ context: inout DeclarationContext) -> DeclaredUser? {
        let username = section.require("username", .username)
        let password = DeclaredPassword.read(section, local: context.local)
        let user = DeclaredUser(
            username: username ?? "", password: password ?? .text(SecretText("")),
            name: section.find("name", .text()), givenName: section.find("given_name", .text()),
            familyName: section.find("family_name", .text()), middleName: section.find("middle_name", .text()),
            nickname: section.find("nickname", .text()), preferredUsername: section.find("preferred_username", .text()),
            profile: section.find("profile", .webAddress), picture: section.find("picture", .webAddress),
            website: section.find("website", .webAddress), gender: section.find("gender", .text(bytesMax: 40)),
            birthdate: section.find("birthdate", .birthdate), zoneinfo: section.find("zoneinfo", .zoneinfo),
            locale: section.find("locale", .locale), email: section.find("email", .email),
            emailVerified: section.read("email_verified", .bool, default: false),
            phoneNumber: section.find("phone_number", .phoneNumber),
            phoneNumberVerified: section.read("phone_number_verified", .bool, default: false),
            address: section.section("address") { DeclaredAddress.read($0) },
            roles: section.scalars("roles", .role), disabled: section.read("disabled", .bool, default: false))
        if user.emailVerified, !section.isSet("email") { section.refuse("email_verified", "has no meaning without email") }
        if user.phoneNumberVerified, !section.isSet("phone_number") {
            section.refuse("phone_number_verified", "has no meaning without phone_number")
        }
        guard let username, password != nil else { return nil }
        if !context.usernames.insert(username.lowercased()).inserted {
            section.refuse("username", "the user \(username) is declared twice")
        }
        return user
    }
}
