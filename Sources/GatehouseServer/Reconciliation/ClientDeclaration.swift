import FoundationEssentials
import Keys
import OAuth
import OAuthProtocol

/// A declared client as it should stand in the database.
struct ClientDeclaration {
    let declared: DeclaredClient

    /// - Throws: `OAuthError` when the metadata contradicts itself.
    func client(now: Date, createdAt: Date? = nil) throws -> Client {
        var client = Client(
            id: declared.clientID, metadata: try metadata(), origin: .declared, scopes: ScopeSet(declared.scopes), now: createdAt ?? now)
        client.secretHash = try declared.secret.map { secret in
            switch secret {
            case .text(let text): return TokenHash(of: text.text)
            case .sha256(let bytes):
                guard let hash = TokenHash(stored: bytes) else { throw OAuthError.invalidClientMetadata("secret sha256 is not 32 bytes") }
                return hash
            }
        }
        client.audiences = declared.audiences
        client.isPKCERequired = declared.pkce == .required
        client.consent = declared.consent == .ask ? .ask : .implicit
        client.accessTokenLifetime = declared.accessTokenLifetime
        client.accessTokenAlgorithm = declared.accessTokenAlgorithm.flatMap { SigningAlgorithm(rawValue: $0.rawValue) }
        client.allowedOrigins = declared.allowedOrigins
        return client
    }

    private func metadata() throws -> ClientMetadata {
        var members: [String: JSONValue] = [
            "client_name": .string(declared.name),
            "redirect_uris": .strings(declared.redirectURIs.map(\.text)),
            "grant_types": .strings(declared.grantTypes.map(\.rawValue)),
            "token_endpoint_auth_method": .string(declared.authentication.rawValue),
            "application_type": .string(declared.applicationType.rawValue),
            "id_token_signed_response_alg": .string(declared.idTokenAlgorithm.rawValue),
        ]
        if !declared.postLogoutRedirectURIs.isEmpty {
            members["post_logout_redirect_uris"] = .strings(declared.postLogoutRedirectURIs.map(\.text))
        }
        if !declared.contacts.isEmpty { members["contacts"] = .strings(declared.contacts) }
        members["client_uri"] = declared.clientURI.map(JSONValue.string)
        members["logo_uri"] = declared.logoURI.map(JSONValue.string)
        members["policy_uri"] = declared.policyURI.map(JSONValue.string)
        members["tos_uri"] = declared.tosURI.map(JSONValue.string)
        members["default_max_age"] = declared.defaultMaxAge.map { .int($0.components.seconds) }
        members.merge(try declared.certificates.metadata()) { _, new in new }
        return try ClientMetadata(registering: .object(members), policy: .declared)
    }

    /// Which parts of the stored client differ from the declared one.
    static func differences(_ stored: Client, _ wanted: Client) -> [String] {
        let parts: [(String, Bool)] = [
            ("metadata", stored.metadata != wanted.metadata),
            ("secret", stored.secretHash != wanted.secretHash),
            ("scopes", stored.scopes != wanted.scopes),
            ("audiences", stored.audiences != wanted.audiences),
            ("pkce", stored.isPKCERequired != wanted.isPKCERequired),
            ("consent", stored.consent != wanted.consent),
            ("access_token_lifetime", stored.accessTokenLifetime != wanted.accessTokenLifetime),
            ("access_token_algorithm", stored.accessTokenAlgorithm != wanted.accessTokenAlgorithm),
            ("allowed_origins", stored.allowedOrigins != wanted.allowedOrigins),
            ("origin", stored.origin != wanted.origin),
            ("disabled", stored.disabledAt != wanted.disabledAt),
        ]
        return parts.filter(\.1).map(\.0)
    }
}
