import Hummingbird
import OAuthProtocol
import Web

/// `/.well-known/openid-configuration` and `/.well-known/oauth-authorization-server` (RFC 8414, OpenID Connect Discovery §3):
/// what this server can do, written once at start. Every capability named here has a route (`TidyTests`).
package struct DiscoveryEndpoint: Sendable {
    private let reply: Response

    package init(settings: OAuthSettings) {
        reply = Reply.json(Self.document(settings).encoded(), isStored: true, headers: [.cacheControl: "public, max-age=300"])
    }

    package func respond(_ request: Request, _ context: GatehouseContext) -> Response { reply }

    /// The paths of the endpoints, under the issuer.
    package enum Path {
        package static let authorize = "/oauth2/authorize"
        package static let token = "/oauth2/token"
        package static let userInfo = "/oauth2/userinfo"
        package static let keys = "/oauth2/jwks"
        package static let introspect = "/oauth2/introspect"
        package static let revoke = "/oauth2/revoke"
        package static let register = "/oauth2/register"
        package static let logout = "/oauth2/logout"
    }

    static func document(_ settings: OAuthSettings) -> JSONValue {
        /// Where browsers go.
        func page(_ path: String) -> JSONValue { .string(settings.issuer + path) }
        func url(_ path: String) -> JSONValue { .string((settings.backChannelURL ?? settings.issuer) + path) }
        func list(_ words: [String]) -> JSONValue { .array(words.map(JSONValue.string)) }
        let confidential = TokenEndpointAuthMethod.allCases.filter { !$0.isPublic }.map(\.rawValue)
        var members: [String: JSONValue] = [
            "issuer": .string(settings.issuer),
            "authorization_endpoint": page(Path.authorize),
            "token_endpoint": url(Path.token),
            "userinfo_endpoint": url(Path.userInfo),
            "jwks_uri": url(Path.keys),
            "introspection_endpoint": url(Path.introspect),
            "revocation_endpoint": url(Path.revoke),
            "end_session_endpoint": page(Path.logout),
            "scopes_supported": list(Audiences(settings).allScopes),
            "response_types_supported": list(["code"]),
            "response_modes_supported": list(["query", "form_post"]),
            "grant_types_supported": list(["authorization_code", "refresh_token", "client_credentials", APIKeyExchange.grantType]),
            "subject_types_supported": list(["public"]),
            "id_token_signing_alg_values_supported": list(["RS256", "ES256"]),
            "token_endpoint_auth_methods_supported": list(confidential + ["none"]),
            "introspection_endpoint_auth_methods_supported": list(confidential),
            "revocation_endpoint_auth_methods_supported": list(confidential + ["none"]),
            // RFC 8705 §3.3
            "tls_client_certificate_bound_access_tokens": .bool(true),
            // RFC 9449 §5.1
            "dpop_signing_alg_values_supported": list(DPoPKey.algorithms),
            "code_challenge_methods_supported": list(["S256"]),
            "acr_values_supported": list(AuthenticationContext.allCases.map(\.rawValue)),
            "display_values_supported": list(["page", "popup", "touch", "wap"]),
            "claim_types_supported": list(["normal"]),
            "claims_supported": list(["sub"] + StandardClaims.all.sorted() + ["acr", "amr", "auth_time", "idp", "sid"]),
            "prompt_values_supported": list(["none", "login", "consent", "select_account"]),
            "ui_locales_supported": list(["en"]),
            "claims_parameter_supported": .bool(true),
            "request_parameter_supported": .bool(false),
            "request_uri_parameter_supported": .bool(false),
            "require_request_uri_registration": .bool(false),
            "authorization_response_iss_parameter_supported": .bool(true),
        ]
        if case .off = settings.registration {} else { members["registration_endpoint"] = url(Path.register) }
        if let base = settings.mutualTLSURL {
            members["mtls_endpoint_aliases"] = aliases(of: members, from: settings.backChannelURL ?? settings.issuer, base: base)
        }
        return .object(members)
    }

    /// The endpoints that a client calls by itself, where it can show its certificate (RFC 8705 §5). Those for browsers have none.
    private static func aliases(of members: [String: JSONValue], from own: String, base: String) -> JSONValue {
        var aliases: [String: JSONValue] = [:]
        for name in [
            "token_endpoint", "userinfo_endpoint", "introspection_endpoint", "revocation_endpoint", "registration_endpoint",
        ] {
            guard let address = members[name]?.string else { continue }
            aliases[name] = .string(base + address.dropFirst(own.count))
        }
        return .object(aliases)
    }
}
