/// The `prompt` parameter (OpenID Connect Core §3.1.2.1).
package struct Prompt: OptionSet, Sendable, Hashable {
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    package static let none = Prompt(rawValue: 1)
    package static let login = Prompt(rawValue: 2)
    package static let consent = Prompt(rawValue: 4)
    package static let selectAccount = Prompt(rawValue: 8)

    /// Every value that is understood, for discovery.
    package static let names = ["none", "login", "consent", "select_account"]

    /// - Throws: `invalid_request` for an unknown value, and for `none` beside another.
    package init(parsing text: String) throws(OAuthError) {
        var prompt: Prompt = []
        for word in text.split(separator: " ") {
            switch word {
            case "none": prompt.insert(.none)
            case "login": prompt.insert(.login)
            case "consent": prompt.insert(.consent)
            case "select_account": prompt.insert(.selectAccount)
            default: throw .invalidRequest("The prompt parameter has an unknown value.")
            }
        }
        // "If this parameter contains none with any other value, an error is returned."
        guard !prompt.contains(.none) || prompt == .none else {
            throw .invalidRequest("The prompt parameter has none beside another value.")
        }
        self = prompt
    }
}
