import OAuthProtocol

/// Which services a token is for (RFC 8707, RFC 9068 §3).
struct Audiences: Sendable {
    private let issuer: String
    private let resources: [Resource]
    private let scopes: [Resource.Scope]

    init(_ settings: OAuthSettings) {
        issuer = settings.issuer
        resources = settings.resources
        scopes = settings.scopes
    }

    /// Scopes that the server itself understands.
    static let ownScopes: Set<String> = ["openid", "profile", "email", "address", "phone", "offline_access", "introspect"]

    var allScopes: [String] {
        Self.ownScopes.subtracting(["introspect"]).sorted() + resources.flatMap { $0.scopes.map(\.name) } + scopes.map(\.name)
    }

    func isKnown(scope: String) -> Bool {
        Self.ownScopes.contains(scope) || scopes.contains { $0.name == scope }
            || resources.contains { $0.scopes.contains { $0.name == scope } }
    }

    /// - Parameter requested: the `resource` parameters, as sent.
    /// - Returns: the audiences of a token with these scopes. Without a `resource` parameter they follow from the scopes;
    ///   a token for no declared resource is for the server itself.
    /// - Throws: `invalid_target` for a resource that is not declared or not allowed to this client (RFC 8707 §2).
    func judge(requested: [String], scopes: ScopeSet, client: Client) throws(OAuthError) -> [String] {
        guard requested.isEmpty else {
            guard requested.count <= 10 else { throw .invalidTarget("too many resource parameters") }
            for resource in requested {
                let isKnown = resource == issuer || resources.contains { $0.identifier == resource } || client.audiences.contains(resource)
                guard isKnown else { throw .invalidTarget("resource is not known") }
                guard client.mayName(audience: resource, issuer: issuer) else {
                    throw .invalidTarget("resource is not allowed for this client")
                }
            }
            return requested.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        }
        var audiences = resources.filter { resource in resource.scopes.contains { scopes.contains($0.name) } }.map(\.identifier)
        if audiences.isEmpty { audiences = client.audiences }
        // OpenID Connect's own endpoints are an audience as soon as userinfo is.
        if scopes.contains("openid") || audiences.isEmpty { audiences.append(issuer) }
        return audiences
    }
}
