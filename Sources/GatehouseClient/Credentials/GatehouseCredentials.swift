import OAuthProtocol

/// How a service proves itself to the server. It never prints its secret.
public struct GatehouseCredentials: Sendable {
    enum Material: Sendable {
        case none
        case secret(clientID: String, secret: String)
        case token(clientID: String, secret: String)
        case apiKey(String)
        case publicClient(clientID: String)
    }

    let material: Material

    private init(_ material: Material) {
        self.material = material
    }

    /// None: for services that validate access tokens by the published keys and do nothing else.
    public static var none: GatehouseCredentials { .init(.none) }

    /// A client's identifier and secret, shown to the server with each call (HTTP Basic, RFC 6749 §2.3.1).
    public static func clientSecret(id: String, secret: String) -> GatehouseCredentials {
        .init(.secret(clientID: id, secret: secret))
    }

    /// A client's identifier and secret, shown to the token endpoint only: calls carry an access token that is fetched by client
    /// credentials (RFC 6749 §4.4) and renewed shortly before it ends. The client needs the scope `introspect`.
    public static func clientToken(id: String, secret: String) -> GatehouseCredentials {
        .init(.token(clientID: id, secret: secret))
    }

    /// A client's identifier and nothing else (RFC 6749 §2.1): an application on people's machines, which can keep no secret. It can
    /// ``GatehouseClient/redeem(code:redirectURI:codeVerifier:)`` and ``GatehouseClient/refresh(_:scopes:)`` the tokens of the person at it,
    /// best with a ``GatehouseProofKey``.
    public static func publicClient(id: String) -> GatehouseCredentials {
        .init(.publicClient(clientID: id))
    }

    /// An API key of the service's own (`gh_live_…`).
    public static func apiKey(_ key: String) -> GatehouseCredentials {
        .init(.apiKey(key))
    }

    /// - Throws: ``GatehouseError/misconfigured(_:)``.
    func check() throws(GatehouseError) {
        switch material {
        case .none: break
        case .secret(let clientID, let secret), .token(let clientID, let secret):
            guard !clientID.isEmpty, !secret.isEmpty else { throw .misconfigured("the client id or its secret is empty") }
        case .publicClient(let clientID):
            guard !clientID.isEmpty else { throw .misconfigured("the client id is empty") }
        case .apiKey(let key):
            do {
                _ = try APIKeyText(parsing: key)
            } catch {
                throw .misconfigured("the service's own API key is mistyped or truncated")
            }
        }
    }
}

extension GatehouseCredentials: CustomStringConvertible, CustomReflectable {
    /// Without the secret.
    public var description: String {
        switch material {
        case .none: "GatehouseCredentials(none)"
        case .secret(let clientID, _), .token(let clientID, _): "GatehouseCredentials(\(OAuthError.sanitised(clientID)), …)"
        case .publicClient(let clientID): "GatehouseCredentials(\(OAuthError.sanitised(clientID)))"
        case .apiKey: "GatehouseCredentials(API key, …)"
        }
    }

    /// Nothing: reflection would print the secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
