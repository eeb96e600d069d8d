import FoundationEssentials
import OAuthProtocol

/// An identity provider of others that people may sign in with: what the settings say of it, and nothing that it says itself.
package struct FederationProvider: Sendable, Equatable, Codable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// OpenID Connect: endpoints by discovery, the person by a signed ID token.
        case openIDConnect = "oidc"
        /// OAuth 2.0 with a userinfo address: endpoints by settings, the person by what that address says.
        case oauth = "oauth2"
    }

    /// How we prove to the provider who we are.
    package enum Authentication: String, Sendable, Codable, CaseIterable {
        case basic = "client_secret_basic"
        case post = "client_secret_post"
        /// RFC 7523 with the client secret as HMAC key (OpenID Connect Core §9).
        case secretJWT = "client_secret_jwt"
        /// RFC 7523 with a private key.
        case privateKeyJWT = "private_key_jwt"
        /// As `client_secret_post`, with a secret that we sign for the occasion, as Apple asks.
        case signedSecret = "signed_secret"
        case none

        package var isSigned: Bool { self == .privateKeyJWT || self == .signedSecret }
    }

    package enum ResponseMode: String, Sendable, Codable, CaseIterable {
        case query
        case formPost = "form_post"
    }

    /// What an identity that nobody here has leads to.
    package enum NewUsers: String, Sendable, Codable, CaseIterable {
        case allow, refuse
    }

    /// Stands in addresses: lower-case letters, digits and hyphens.
    package var id: String
    package var name: String
    package var icon: FederationIcon
    package var kind: Kind
    /// For discovery; with `oauth`, what identities are recorded under and `iss` is compared with, where it is known.
    package var issuer: String?
    /// Other spellings of `iss` that the provider's ID tokens may carry.
    package var issuerAliases: [String] = []
    /// Where the issuer of an ID token depends on the tenant: with `{tenantid}` in it, for the claim `tid`.
    package var issuerTemplate: String?
    package var authorizationEndpoint: String?
    package var tokenEndpoint: String?
    package var userInfoEndpoint: String?
    /// Lists the person's addresses as GitHub does: `[{email, primary, verified}]`.
    package var emailsEndpoint: String?

    package var clientID: String
    package var authentication = Authentication.basic
    /// Of the signing key, for `kid`.
    package var keyID: String?
    /// Who signs, for `signed_secret`: Apple's team.
    package var signerID: String?
    package var signingAlgorithm = "ES256"
    /// The client secret, or the private key in PEM. Kept apart from everything else, sealed.
    package var secret: FederationSecret?

    package var scopes: [String] = []
    /// More parameters of the authorization request.
    package var parameters: [String: String] = [:]
    package var responseMode = ResponseMode.query
    package var usesPKCE = true
    package var usesNonce = true
    /// With OpenID Connect: whether the userinfo endpoint is asked as well.
    package var usesUserInfo = false
    package var algorithms = ["RS256", "ES256"]
    /// In seconds: by how much its clock may differ from ours.
    package var clockTolerance = 60
    /// The parameter that takes a domain to sign in at: `hd`, `domain_hint`.
    package var domainHintParameter: String?

    package var mapping = FederationClaimMapping()
    package var roles = FederationRoleMapping()
    package var newUsers = NewUsers.allow
    /// New accounts need an e-mail address that the provider has verified.
    package var requiresVerifiedEmail = false
    /// E-mail domains that this provider speaks for: an address of theirs that it has verified is linked without further proof.
    package var trustedDomains: [String] = []
    /// E-mail domains whose people are sent here.
    package var domains: [String] = []
    /// Whether the provider's `amr` values go into ours.
    package var trustsMethods = false
    /// Whether the provider's `acr` takes the place of ours. nil: no, as in what was stored before there was such a setting.
    package var trustsContext: Bool?
    package var refreshesProfile = true
    /// Clients of ours that may be given the provider's tokens; none: they aren't kept.
    package var tokenClients: [String] = []

    package init(id: String, name: String, icon: FederationIcon = .key, kind: Kind, clientID: String) {
        self.id = id
        self.name = name
        self.icon = icon
        self.kind = kind
        self.clientID = clientID
    }

    package var choice: FederationChoice { FederationChoice(id: id, name: name, icon: icon) }

    package var keepsTokens: Bool { !tokenClients.isEmpty }

    /// What `amr` and the audit log call a sign-in with it.
    package var method: String { AuthenticationMethods.federated(id) }

    /// Everything but the secret.
    private enum CodingKeys: String, CodingKey {
        case id, name, icon, kind, issuer, issuerAliases, issuerTemplate, authorizationEndpoint, tokenEndpoint, userInfoEndpoint
        case emailsEndpoint, clientID, authentication, keyID, signerID, signingAlgorithm, scopes, parameters, responseMode, usesPKCE,
            usesNonce
        case usesUserInfo, algorithms, clockTolerance, domainHintParameter, mapping, roles, newUsers, requiresVerifiedEmail
        case trustedDomains, domains, trustsMethods, trustsContext, refreshesProfile, tokenClients
    }
}

/// A provider's client secret or private key. It never prints itself.
package struct FederationSecret: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package var description: String { "••••" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
