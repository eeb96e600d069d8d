/// A protected resource: what access tokens are for.
package struct DeclaredResource: Sendable, Equatable {
    /// The audience, and the `resource` parameter's value (RFC 8707 §2).
    package let identifier: String
    package let name: String
    package let scopes: [DeclaredScope]
    /// Ids of the clients that stand for it, at introspection.
    package let clients: [String]

    static func read(_ section: SettingsSection, _ context: inout DeclarationContext) -> DeclaredResource? {
        let identifier = section.require("identifier", .resourceIdentifier)
        let name = section.find("name", .text(bytesMax: 100))
        let scopes = section.list("scopes", countMax: 200) { DeclaredScope.read($0, &context) }
        let clients = section.scalars("clients", .text(bytesMax: 256))
        guard let identifier else { return nil }
        if !context.resources.insert(identifier).inserted {
            section.refuse("identifier", "the resource \(identifier) is declared twice")
        }
        return DeclaredResource(identifier: identifier, name: name ?? identifier, scopes: scopes, clients: clients)
    }
}
