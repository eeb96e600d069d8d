import OAuthProtocol

/// A scope with the words that the consent page shows.
package struct DeclaredScope: Sendable, Equatable {
    package let name: String
    package let title: String
    package let description: String?

    static func read(_ section: SettingsSection, _ context: inout DeclarationContext) -> DeclaredScope? {
        let name = section.require("name", .scopeToken)
        let title = section.find("title", .text(bytesMax: 100))
        let description = section.find("description", .text(bytesMax: 500))
        guard let name else { return nil }
        if DeclarationContext.standardScopes.contains(name) {
            section.refuse("name", "\(name) is a scope of OpenID Connect or of the server, not of a resource")
        } else if !context.scopes.insert(name).inserted {
            // A scope decides a token's audience, so it can belong to one resource only.
            section.refuse("name", "the scope \(name) is declared twice")
        }
        return DeclaredScope(name: name, title: title ?? name, description: description)
    }
}

extension SettingsScalar where Value == String {
    /// RFC 6749 §3.3: scope-token = 1*NQCHAR.
    static var scopeToken: Self {
        text(bytesMax: 100).holding("must be printable ASCII without spaces, quotation marks or backslashes") { ScopeSet.isToken($0) }
    }
}
