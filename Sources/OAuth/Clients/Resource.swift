import OAuthProtocol

/// A service that trusts our access tokens, and the scopes that it understands.
package struct Resource: Sendable {
    package struct Scope: Sendable {
        package let name: String
        /// What the consent page calls it.
        package let title: String
        package let description: String

        package init(name: String, title: String, description: String) {
            self.name = name
            self.title = title
            self.description = description
        }
    }

    /// The resource indicator (RFC 8707 §2), which becomes the token's `aud`.
    package let identifier: String
    package let name: String
    package let scopes: [Scope]
    /// Clients that stand for the service: they may introspect the tokens that are meant for it.
    package let clients: [String]

    package init(identifier: String, name: String, scopes: [Scope], clients: [String] = []) {
        self.identifier = identifier
        self.name = name
        self.scopes = scopes
        self.clients = clients
    }
}
