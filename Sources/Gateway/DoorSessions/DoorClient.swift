import FoundationEssentials
import OAuth
import OAuthProtocol

/// The client that the door is when people sign in there: built in, with the redirects of the hosts in the rules. It has no secret, since
/// it never leaves this process, and so nobody can pass for it at the token endpoint.
package enum DoorClient {
    package static let id = "gatehouse-door"

    /// - Returns: nil where no rule serves browsers.
    /// - Throws: `invalid_redirect_uri`, for an origin that can't be one.
    package static func make(_ settings: ForwardAuthSettings, name: String) throws(OAuthError) -> Client? {
        let redirects = settings.browserOrigins.map { redirectURI($0) }
        guard !redirects.isEmpty else { return nil }
        let members: [String: JSONValue] = [
            "client_name": .string(name), "redirect_uris": .strings(redirects), "grant_types": ["authorization_code"],
            "token_endpoint_auth_method": "client_secret_basic",
        ]
        let metadata = try ClientMetadata(registering: .object(members), policy: ClientMetadataPolicy(redirectURIsMax: redirects.count))
        var client = Client(
            id: id, metadata: metadata, origin: .declared, scopes: settings.sessionScopes.union(["openid"]),
            now: Date(timeIntervalSince1970: 0))
        // The operator put it in front of their own services.
        client.consent = .implicit
        return client
    }

    static func redirectURI(_ origin: String) -> String { origin + DoorSignInPage.callbackPath }
}
