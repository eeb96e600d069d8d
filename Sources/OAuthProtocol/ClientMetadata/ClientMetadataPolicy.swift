/// What clients of one origin may ask for.
package struct ClientMetadataPolicy: Sendable {
    package var grantTypes: Set<GrantType>
    package var authMethods: Set<TokenEndpointAuthMethod>
    /// The scopes that may be asked for; nil for any.
    package var scopes: ScopeSet?
    package var redirectURIsMax: Int
    /// Whether it can be said which authorities vouch for the client's certificate.
    package var mayNameAuthorities = true

    package init(
        grantTypes: Set<GrantType> = Set(GrantType.allCases),
        authMethods: Set<TokenEndpointAuthMethod> = Set(TokenEndpointAuthMethod.allCases),
        scopes: ScopeSet? = nil, redirectURIsMax: Int = 50
    ) {
        self.grantTypes = grantTypes
        self.authMethods = authMethods
        self.scopes = scopes
        self.redirectURIsMax = redirectURIsMax
    }

    /// For clients that an operator declares, and for what was accepted before and is read back.
    package static let declared = ClientMetadataPolicy()

    /// For clients that register themselves: they act for people who sign in, never for themselves.
    package static func registration(scopes: ScopeSet? = nil) -> ClientMetadataPolicy {
        var policy = ClientMetadataPolicy(grantTypes: [.authorizationCode, .refreshToken], scopes: scopes, redirectURIsMax: 20)
        policy.mayNameAuthorities = false
        return policy
    }
}
