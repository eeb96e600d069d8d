import Audit
import OAuthProtocol

/// A client acts for itself (RFC 6749 §4.4). Nothing is read from or written to the database.
struct ClientCredentialsGrant: TokenGrant {
    static let type = GrantType.clientCredentials

    let audiences: Audiences
    let tally: AuditTally

    func approve(_ request: TokenRequest) async throws -> TokenApproval {
        let client = request.client
        // RFC 6749 §4.4: "MUST only be used by confidential clients".
        guard !client.isPublic else { throw OAuthError.unauthorizedClient("a public client has no credentials") }
        let scopes: ScopeSet
        if let asked = try request.form.optional("scope") {
            scopes = try ScopeSet(parsing: asked)
            guard !scopes.isEmpty else { throw OAuthError.invalidScope("scope is empty") }
            guard scopes.isSubset(of: client.scopes) else { throw OAuthError.invalidScope("scope exceeds what this client may ask for") }
            // OpenID Connect's scopes speak of a person, and here there is none.
            guard scopes.intersection(Self.personal).isEmpty else { throw OAuthError.invalidScope("scope needs a person") }
        } else {
            scopes = client.scopes.subtracting(Self.personal)
        }
        let approval = TokenApproval(
            subject: client.id, scopes: scopes,
            audiences: try audiences.judge(requested: try request.form.all("resource"), scopes: scopes, client: client), roles: client.roles
        )
        tally.count(.clientTokensIssued, clientID: client.id)
        return approval
    }

    private static let personal = ScopeSet(Audiences.ownScopes)
}
