/// A declared user's password: readable (from the environment, or from the file in local mode) or as its Argon2id hash.
package enum DeclaredPassword: Sendable {
    case text(SecretText)
    /// A PHC string: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.
    case hash(SecretText)

    static let bytesMin = 8

    static func read(_ section: SettingsSection, local: Bool) -> DeclaredPassword? {
        let text = section.section("password") { inner -> SecretText? in
            let text = inner.secretText(local: local)
            if let text, !local, text.text.utf8.count < bytesMin {
                inner.refuse("env", "a declared password must be at least \(bytesMin) bytes long")
            }
            return text
        }
        let hash = section.find("password_hash", .passwordHash)
        if section.isSet("password"), section.isSet("password_hash") {
            section.refuse("password_hash", "is one form of the password too many")
        }
        if !section.isSet("password"), !section.isSet("password_hash") {
            section.refuse("password", "is required: {env: NAME} or password_hash")
        }
        return text.map(DeclaredPassword.text) ?? hash.map(DeclaredPassword.hash)
    }
}

extension SettingsScalar where Value == SecretText {
    static var passwordHash: Self {
        let secret = secret(bytesMax: 500)
        return secret.holding("must be an Argon2id hash: $argon2id$v=19$m=…,t=…,p=…$salt$hash") { value in
            let parts = value.text.split(separator: "$", omittingEmptySubsequences: false)
            return parts.count == 6 && parts[0].isEmpty && parts[1] == "argon2id" && parts[2] == "v=19"
                && parts[3].hasPrefix("m=") && !parts[4].isEmpty && !parts[5].isEmpty
        }
    }
}
