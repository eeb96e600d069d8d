/// A text for people in several languages: `client_name`, `client_name#de`, … (RFC 7591 §2.2).
package struct LocalizedText: Sendable, Equatable {
    /// The text without a language tag.
    package var text: String?
    /// The others, by their language tag (BCP 47) as written.
    package var byLanguage: [String: String]

    package init(_ text: String? = nil, byLanguage: [String: String] = [:]) {
        self.text = text
        self.byLanguage = byLanguage
    }

    package var isEmpty: Bool { text == nil && byLanguage.isEmpty }

    /// The text that suits a reader best.
    /// - Parameter languages: tags in order of preference, such as `ui_locales` has. `de-AT` is content with `de`
    ///   (RFC 4647 §3.4).
    package func best(for languages: [String] = []) -> String? {
        let known = byLanguage.map { (tag: $0.key.lowercased(), text: $0.value) }.sorted { $0.tag < $1.tag }
        for language in languages {
            var range = language.lowercased()[...]
            while !range.isEmpty {
                if let match = known.first(where: { $0.tag == range }) { return match.text }
                guard let hyphen = range.lastIndex(of: "-") else { break }
                range = range[..<hyphen]
            }
        }
        return text ?? known.first?.text
    }

    /// `1*8ALPHA *( "-" 1*8alphanum )` (RFC 4647 §2.1).
    package static func isLanguageTag(_ text: some StringProtocol) -> Bool {
        guard (1...35).contains(text.utf8.count) else { return false }
        for (index, subtag) in text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false).enumerated() {
            guard (1...8).contains(subtag.count) else { return false }
            for byte in subtag {
                let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                guard isLetter || (isDigit && index > 0) else { return false }
            }
        }
        return true
    }
}
