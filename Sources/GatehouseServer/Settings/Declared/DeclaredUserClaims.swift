// The shapes of the standard claims that have one (OpenID Connect Core §5.1).
extension SettingsScalar where Value == String {
    static var username: Self {
        text(bytesMax: 200).holding("must not contain spaces") { !$0.contains(where: \.isWhitespace) }
    }

    static var email: Self {
        text(bytesMax: 254).holding("must be an e-mail address") { text in
            let parts = text.split(separator: "@", omittingEmptySubsequences: false)
            return parts.count == 2 && !parts[0].isEmpty && parts[1].contains(".") && !parts[1].hasPrefix(".")
                && !parts[1].hasSuffix(".") && !text.contains(where: \.isWhitespace)
        }
    }

    /// E.164 as the specification recommends, with an extension as in RFC 3966.
    static var phoneNumber: Self {
        text(bytesMax: 64).holding("must be a number in E.164 form such as +1 202 555 0123") { text in
            text.hasPrefix("+") && text.utf8.count(where: { (0x30...0x39).contains($0) }) >= 4
                && text.dropFirst().utf8.allSatisfy { (0x30...0x39).contains($0) || " ()-.;=ext".utf8.contains($0) }
        }
    }

    /// `YYYY-MM-DD`, the year 0000 when it is left out, or the year alone.
    static var birthdate: Self {
        text(bytesMax: 10).holding("must be YYYY-MM-DD or YYYY") { text in
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }), parts[0].count == 4 else { return false }
            guard parts.count == 3 else { return parts.count == 1 }
            guard parts[1].count == 2, parts[2].count == 2, let month = Int(parts[1]), let day = Int(parts[2]) else { return false }
            let days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            return (1...12).contains(month) && (1...days[month - 1]).contains(day)
        }
    }

    /// A name of the IANA time zone database.
    static var zoneinfo: Self {
        text(bytesMax: 64).holding("must be a time zone such as Europe/London") { text in
            text.utf8.allSatisfy { Character(UnicodeScalar($0)).isTagCharacter || "/_+".utf8.contains($0) }
        }
    }

    /// A language tag (RFC 5646), in shape only.
    static var locale: Self {
        text(bytesMax: 64).holding("must be a language tag such as en-GB") { text in
            text.split(separator: "-", omittingEmptySubsequences: false)
                .allSatisfy { (1...8).contains($0.utf8.count) && $0.utf8.allSatisfy { Character(UnicodeScalar($0)).isTagCharacter } }
        }
    }

    static var role: Self {
        text(bytesMax: 64).holding("must be lower-case letters, digits, hyphens and underscores") { text in
            text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F }
        }
    }
}

extension Character {
    fileprivate var isTagCharacter: Bool {
        isASCII && (isLetter || isNumber || self == "-")
    }
}
