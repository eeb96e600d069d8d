/// Typed and bounded access to the members of a registration. A null counts as absent (RFC 7592 §2.2).
struct MetadataMembers {
    let members: [String: JSONValue]

    func value(_ name: String) -> JSONValue? { present(name) }

    func string(_ name: String, charactersMax: Int = 2_048) throws(OAuthError) -> String? {
        guard let value = present(name) else { return nil }
        guard let text = value.string else { throw .invalidClientMetadata("The member \(name) is not a string.") }
        return try check(text, name, charactersMax: charactersMax)
    }

    func strings(_ name: String, countMax: Int, charactersMax: Int = 2_048) throws(OAuthError) -> [String]? {
        guard let value = present(name) else { return nil }
        guard let texts = value.strings else { throw .invalidClientMetadata("The member \(name) is not a list of strings.") }
        guard texts.count <= countMax else { throw .invalidClientMetadata("The member \(name) has more than \(countMax) elements.") }
        for text in texts { _ = try check(text, name, charactersMax: charactersMax) }
        return texts
    }

    func bool(_ name: String) throws(OAuthError) -> Bool? {
        guard let value = present(name) else { return nil }
        guard let flag = value.bool else { throw .invalidClientMetadata("The member \(name) is not a boolean.") }
        return flag
    }

    func seconds(_ name: String) throws(OAuthError) -> Int? {
        guard let value = present(name) else { return nil }
        guard let number = value.int, (0...9_999_999_999).contains(number) else {
            throw .invalidClientMetadata("The member \(name) is not a number of seconds.")
        }
        return number
    }

    /// One of the values of an enumeration.
    func choice<Choice: RawRepresentable<String>>(_ name: String, _ type: Choice.Type) throws(OAuthError) -> Choice? {
        guard let text = try string(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw .invalidClientMetadata("The member \(name) has a value that is not supported: \(text)")
        }
        return choice
    }

    func choices<Choice: RawRepresentable<String> & Hashable>(_ name: String, _ type: Choice.Type) throws(OAuthError) -> [Choice]? {
        guard let texts = try strings(name, countMax: 20) else { return nil }
        var choices: [Choice] = []
        for text in texts {
            guard let choice = Choice(rawValue: text) else {
                throw .invalidClientMetadata("The member \(name) has a value that is not supported: \(text)")
            }
            if !choices.contains(choice) { choices.append(choice) }
        }
        return choices
    }

    /// The address of a page or picture: https, or http on the loopback interface.
    func webAddress(_ name: String) throws(OAuthError) -> String? {
        guard let text = try string(name) else { return nil }
        return try checkWebAddress(text, name)
    }

    /// A member with its language-tagged siblings. An empty text counts as absent.
    func localized(
        _ name: String, charactersMax: Int = 2_048, isWebAddress: Bool = false
    ) throws(OAuthError) -> LocalizedText {
        var result = LocalizedText()
        let prefix = name + "#"
        for key in members.keys.sorted() where key == name || key.hasPrefix(prefix) {
            guard let text = try string(key, charactersMax: charactersMax), !text.isEmpty else { continue }
            let checked = isWebAddress ? try checkWebAddress(text, key) : text
            guard key != name else {
                result.text = checked
                continue
            }
            let tag = String(key.dropFirst(prefix.count))
            guard LocalizedText.isLanguageTag(tag) else { throw .invalidClientMetadata("The member \(key) has no valid language tag.") }
            guard result.byLanguage.count < 50 else { throw .invalidClientMetadata("The member \(name) has too many languages.") }
            result.byLanguage[tag] = checked
        }
        return result
    }

    private func present(_ name: String) -> JSONValue? {
        guard let value = members[name], !value.isNull else { return nil }
        return value
    }

    private func checkWebAddress(_ text: String, _ name: String) throws(OAuthError) -> String {
        do {
            guard try AbsoluteURI(parsing: text).isWebAddress else {
                throw AbsoluteURI.Flaw(description: "must use https, unless it is on localhost, 127.0.0.1 or [::1]")
            }
            return text
        } catch {
            throw .invalidClientMetadata("The member \(name) \((error as? AbsoluteURI.Flaw)?.description ?? "is no URI").")
        }
    }

    /// Texts end up on pages, in logs and in header fields: nothing invisible, and nothing that turns the line around, which
    /// would let a client's name rewrite the sentence it stands in.
    private func check(_ text: String, _ name: String, charactersMax: Int) throws(OAuthError) -> String {
        guard text.unicodeScalars.count <= charactersMax else {
            throw .invalidClientMetadata("The member \(name) is longer than \(charactersMax) characters.")
        }
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF, 0xFFF9...0xFFFB:
                throw .invalidClientMetadata("The member \(name) holds a control character.")
            default: continue
            }
        }
        return text
    }
}
