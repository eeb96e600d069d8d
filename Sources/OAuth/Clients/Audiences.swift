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
    static let ownScopes: Set<String> = ["openid", "profile", "email", "address", "phone", "offline_access"]

    /// Scopes of this server's own machine API. They are granted to clients that are declared with them, and never advertised.
    static let machineScopes: Set<String> = ["introspect", "keys", "keys:admin"]

    var allScopes: [String] {
        Self.ownScopes.sorted() + resources.flatMap { $0.scopes.map(\.name) } + scopes.map(\.name)
    }

    func isKnown(scope: String) -> Bool {
        Self.ownScopes.contains(scope) || Self.machineScopes.contains(scope) || scopes.contains { $0.name == scope }
            || resources.contains { $0.scopes.contains { $0.name == scope } }
    }

    /// What a token with these scopes may name when no client vouches for more: the resources that understand them,
    /// and the server itself for its own scopes or where there are no others.
    func meant(by scopes: ScopeSet) -> [String] {
        let resources = implied(by: scopes)
        let isForUs = resources.isEmpty || scopes.array.contains(where: Self.machineScopes.contains)
        return isForUs ? resources + [issuer] : resources
    }

    /// Whether a client's tokens may name this service: the server itself, one it is declared for, or one whose scopes it may ask for.
    func isAllowed(_ audience: String, _ client: Client) -> Bool {
        audience == issuer || client.audiences.contains(audience)
            || resources.contains { $0.identifier == audience && $0.scopes.contains { client.scopes.contains($0.name) } }
    }

    /// The services that a client speaks for: itself, and the resources that name it.
    func spokenFor(by clientID: String) -> [String] {
        [clientID] + resources.filter { $0.clients.contains(clientID) }.map(\.identifier)
    }

    /// The resources that understand one of these scopes.
    func implied(by scopes: ScopeSet) -> [String] {
        resources.filter { resource in resource.scopes.contains { scopes.contains($0.name) } }.map(\.identifier)
    }

    /// - Parameter requested: the `resource` parameters, as sent.
    /// - Returns: the audiences of a token with these scopes. Without a `resource` parameter they follow from the scopes;
    ///   a token for no declared resource is for the server itself.
    /// - Throws: `invalid_target` for a resource that is not declared or not allowed to this client (RFC 8707 §2).
    func judge(requested: [String], scopes: ScopeSet, client: Client) throws(OAuthError) -> [String] {
        guard requested.isEmpty else {
            guard requested.count <= 10 else { throw .invalidTarget("too many resource parameters") }
            guard requested.allSatisfy({ isAllowed($0, client) }) else {
                throw .invalidTarget("resource is not known, or not for this client")
            }
            return requested.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        }
        var audiences = implied(by: scopes)
        if audiences.isEmpty { audiences = client.audiences }
        // OpenID Connect's own endpoints are an audience as soon as userinfo is.
        let isForUs = scopes.contains("openid") || scopes.array.contains(where: Self.machineScopes.contains)
        if isForUs || audiences.isEmpty { audiences.append(issuer) }
        return audiences
    }
}
