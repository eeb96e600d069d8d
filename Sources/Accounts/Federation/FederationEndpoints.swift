import OAuthProtocol
import Outbound

/// Where a provider is spoken to: from its metadata (OpenID Connect Discovery §4.2, RFC 8414), or from the settings.
struct FederationEndpoints: Sendable, Equatable {
    /// As the metadata says it; for comparison with `iss`.
    var issuer: String?
    var authorization: String
    var token: String
    var userInfo: String?
    var keys: String?
    /// RFC 9207 §3: the answer must say who gave it.
    var sendsIssuer = false

    static let bytesMax = 131_072

    /// Without discovery.
    init?(_ provider: FederationProvider) {
        guard let authorization = provider.authorizationEndpoint, let token = provider.tokenEndpoint else { return nil }
        issuer = provider.issuer
        self.authorization = authorization
        self.token = token
        userInfo = provider.userInfoEndpoint
    }

    /// Reads the metadata. Endpoints that the settings name count before it.
    /// - Throws: ``FederationFailure``.
    init(parsing body: [UInt8], for provider: FederationProvider, outbound: Outbound) throws(FederationFailure) {
        guard let json = try? JSONValue(parsing: body, bytesMax: Self.bytesMax), json.object != nil else {
            throw .unavailable("metadata: not JSON")
        }
        // Discovery §4.3: exactly the issuer that was asked for, or another server's endpoints would be believed.
        let expected = provider.issuerTemplate ?? provider.issuer
        guard let issuer = json["issuer"]?.string, issuer == provider.issuer || issuer == expected else {
            throw .untrusted("metadata: another issuer")
        }
        guard let authorization = provider.authorizationEndpoint ?? json["authorization_endpoint"]?.string,
            let token = provider.tokenEndpoint ?? json["token_endpoint"]?.string, let keys = json["jwks_uri"]?.string
        else { throw .unavailable("metadata: endpoints missing") }
        // The others are judged when they are called; to this one the browser is sent.
        guard outbound.allows(browserTo: authorization) else { throw .untrusted("metadata: authorization_endpoint refused") }
        self.issuer = issuer
        self.authorization = authorization
        self.token = token
        self.keys = keys
        userInfo = provider.userInfoEndpoint ?? json["userinfo_endpoint"]?.string
        sendsIssuer = json["authorization_response_iss_parameter_supported"]?.bool ?? false
    }
}
