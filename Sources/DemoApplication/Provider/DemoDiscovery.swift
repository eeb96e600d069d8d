import OAuthProtocol

/// What the application needs from the issuer's discovery document (OpenID Connect Discovery §3).
struct DemoDiscovery: Sendable {
    let authorizationEndpoint: String
    let tokenEndpoint: String
    let userInfoEndpoint: String
    let jwksURI: String
    let endSessionEndpoint: String?
    /// Whether answers must carry `iss` (RFC 9207 §3).
    let answersCarryIssuer: Bool

    init(_ document: JSONValue, issuer: String) throws {
        // Discovery §4.3: the issuer must be exactly the one that was asked for.
        guard document["issuer"]?.string == issuer else {
            throw DemoFailure.provider("Its discovery document belongs to another issuer than \(issuer).")
        }
        func require(_ name: String) throws -> String {
            guard let value = document[name]?.string else { throw DemoFailure.provider("Its discovery document lacks \(name).") }
            return value
        }
        authorizationEndpoint = try require("authorization_endpoint")
        tokenEndpoint = try require("token_endpoint")
        userInfoEndpoint = try require("userinfo_endpoint")
        jwksURI = try require("jwks_uri")
        endSessionEndpoint = document["end_session_endpoint"]?.string
        answersCarryIssuer = document["authorization_response_iss_parameter_supported"]?.bool ?? false
    }
}
