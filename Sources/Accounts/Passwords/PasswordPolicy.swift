/// Which passwords people may choose, after NIST SP 800-63B and OWASP ASVS 5.0 §6.2: a least length, no rules of composition, room for
/// long sentences, and none that everybody tries first.
package struct PasswordPolicy: Sendable {
    /// In Unicode code points, each of which counts as one character (NIST SP 800-63B).
    package let charactersMin: Int

    /// - Parameter charactersMin: at least 8 (ASVS 6.2.1); 15 is better where a password is the only factor.
    package init(charactersMin: Int = 8) {
        self.charactersMin = max(8, charactersMin)
    }

    /// Judges a password that someone chose for an account.
    /// - Throws: `PasswordRefusal`.
    package func check(_ password: String, username: String?, emailAddress: String?) throws(PasswordRefusal) {
        let bytesMax = PasswordBytes.bytesMax
        guard password.utf8.count <= bytesMax else { throw .tooLong(bytesMax: bytesMax) }
        let prepared = PasswordBytes.prepare(password)
        guard prepared.utf8.count <= bytesMax else { throw .tooLong(bytesMax: bytesMax) }
        if prepared.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) { throw .controlCharacters }
        guard prepared.unicodeScalars.count >= charactersMin else { throw .tooShort(charactersMin: charactersMin) }
        let folded = prepared.lowercased()
        if isAccountName(folded, username: username, emailAddress: emailAddress) { throw .namesAccount }
        if CommonPasswords.contains(folded) { throw .common }
    }

    private func isAccountName(_ folded: String, username: String?, emailAddress: String?) -> Bool {
        let localPart = emailAddress.flatMap { $0.split(separator: "@").first.map(String.init) }
        return [username, emailAddress, localPart].contains { name in
            guard let name, !name.isEmpty else { return false }
            return PasswordBytes.prepare(name).lowercased() == folded
        }
    }
}
