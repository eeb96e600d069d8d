import Gateway
import OAuthProtocol

/// A client that the settings declare; reconciled with the database at every start.
package struct DeclaredClient: Sendable {
    package enum Authentication: String, Sendable, CaseIterable {
        case clientSecretBasic = "client_secret_basic"
        case clientSecretPost = "client_secret_post"
        case tlsClientAuth = "tls_client_auth"
        case selfSignedTLSClientAuth = "self_signed_tls_client_auth"
        /// A public client.
        case none

        var usesSecret: Bool { self == .clientSecretBasic || self == .clientSecretPost }
    }

    package enum GrantType: String, Sendable, CaseIterable {
        case authorizationCode = "authorization_code"
        case refreshToken = "refresh_token"
        case clientCredentials = "client_credentials"
    }

    package enum PKCE: String, Sendable, CaseIterable {
        case required, optional
    }

    package enum Consent: String, Sendable, CaseIterable {
        /// The person decides, and the answer is remembered where it may be.
        case ask
        /// The operator's own application: nobody is asked.
        case implicit
    }

    package enum ApplicationType: String, Sendable, CaseIterable {
        case web, native
    }

    package var clientID: String
    package var name: String
    /// For those that authenticate by one.
    package var secret: DeclaredSecret?
    package var authentication: Authentication
    package var certificates: DeclaredCertificates
    package var applicationType: ApplicationType
    package var grantTypes: [GrantType]
    package var redirectURIs: [RedirectURI]
    package var postLogoutRedirectURIs: [RedirectURI]
    /// What it may ask for, at most.
    package var scopes: [String]
    /// Identifiers of the resources that its tokens may be for.
    package var audiences: [String]
    /// For CORS.
    package var allowedOrigins: [String]
    package var clientURI: String?
    package var logoURI: String?
    package var policyURI: String?
    package var tosURI: String?
    package var contacts: [String]
    package var pkce: PKCE
    package var consent: Consent
    package var idTokenAlgorithm: SigningAlgorithmName
    /// nil: as in `tokens`.
    package var accessTokenAlgorithm: SigningAlgorithmName?
    /// nil: as in `tokens`.
    package var accessTokenLifetime: Duration?
    package var defaultMaxAge: Duration?

    package var isConfidential: Bool { authentication != .none }

    static func read(_ section: SettingsSection, _ context: inout DeclarationContext) -> DeclaredClient? {
        let client = DeclaredClientForm(section, context).client
        if client?.clientID == DoorClient.id { section.refuse("client_id", "is the server's own") }
        if let client, !context.clientIDs.insert(client.clientID).inserted {
            section.refuse("client_id", "the client \(client.clientID) is declared twice")
        }
        return client
    }
}
