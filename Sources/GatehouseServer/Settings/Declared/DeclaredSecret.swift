/// A secret that the settings declare: readable (from the environment, or from the file in local mode) or as its SHA-256.
package enum DeclaredSecret: Sendable {
    case text(SecretText)
    case sha256([UInt8])

    /// Generated secrets are 256 bits; a shorter one was typed by somebody.
    static let bytesMin = 32

    /// The keys `env`, `sha256` and `plain` of one section; nil when there is none or it has been refused.
    static func read(_ section: SettingsSection, local: Bool) -> DeclaredSecret? {
        let text = section.secretText(local: local)
        let digest = section.find("sha256", .sha256)
        if section.isSet("sha256"), section.isSet("env") || section.isSet("plain") {
            section.refuse("sha256", "is one form of the secret too many")
        }
        if let text { return checked(text, section, local: local) }
        return digest.map(DeclaredSecret.sha256)
    }

    private static func checked(_ secret: SecretText, _ section: SettingsSection, local: Bool) -> DeclaredSecret? {
        guard local || secret.text.utf8.count >= bytesMin else {
            section.refuse(
                section.isSet("env") ? "env" : "plain",
                "a declared secret must be at least \(bytesMin) bytes long; make one with: openssl rand -base64 33")
            return nil
        }
        return .text(secret)
    }
}

extension SettingsSection {
    /// The keys `env` and `plain`: a secret by its variable's name, or – in local mode – readable.
    func secretText(local: Bool) -> SecretText? {
        let name = find("env", .variableName)
        let plain = find("plain", .secret())
        if isSet("plain"), isSet("env") { refuse("plain", "is one form of the secret too many") }
        if plain != nil, !local {
            refuse("plain", "a readable secret is refused outside local mode; name a variable instead: {env: NAME}")
            return nil
        }
        guard let name else { return plain }
        guard let text = report.environment.reference(name), !text.isEmpty else {
            refuse("env", "the variable \(name) is not set or empty")
            return nil
        }
        do {
            return try SettingsScalar.secret().parse(text)
        } catch {
            refuse("env", "the variable \(name) \(error.message)")
            return nil
        }
    }
}

extension SettingsScalar where Value == String {
    static var variableName: Self {
        text(bytesMax: 200).holding("must be a variable's name: letters, digits and underscores") { name in
            name.utf8.allSatisfy { $0 == 0x5F || Character(UnicodeScalar($0)).isLetter && $0 < 0x80 || (0x30...0x39).contains($0) }
                && !(0x30...0x39).contains(name.utf8.first ?? 0x30)
        }
    }
}
