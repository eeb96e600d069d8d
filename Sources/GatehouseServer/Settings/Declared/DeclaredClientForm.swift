import OAuthProtocol

/// Reads one entry of `clients` and judges its parts against each other.
struct DeclaredClientForm {
    /// nil when something that can't be left out is missing.
    private(set) var client: DeclaredClient?

    init(_ section: SettingsSection, _ context: DeclarationContext) {
        let clientID = section.require("client_id", .clientID)
        let name = section.find("name", .text())
        let secret = Self.secret(section, context)
        let authentication: DeclaredClient.Authentication = section.read(
            "authentication", .word, default: Self.defaultAuthentication(section))
        let certificates = DeclaredCertificates.read(section)
        let grants = section.scalars("grant_types", SettingsScalar<DeclaredClient.GrantType>.word)
        let redirects = section.scalars("redirect_uris", .redirectURI)
        let isNative = redirects.contains { $0.isLoopback || $0.isPrivateUseScheme }
        var client = DeclaredClient(
            clientID: clientID ?? "", name: name ?? clientID ?? "", secret: secret, authentication: authentication,
            certificates: certificates,
            applicationType: section.read("application_type", .word, default: isNative && authentication == .none ? .native : .web),
            grantTypes: grants.isEmpty ? [.authorizationCode] : grants, redirectURIs: redirects,
            postLogoutRedirectURIs: section.scalars("post_logout_redirect_uris", .redirectURI),
            scopes: section.scalars("scopes", .scopeToken, countMax: 200), audiences: section.scalars("audiences", .resourceIdentifier),
            allowedOrigins: section.scalars("allowed_origins", .origin),
            clientURI: section.find("client_uri", .webAddress), logoURI: section.find("logo_uri", .webAddress),
            policyURI: section.find("policy_uri", .webAddress), tosURI: section.find("tos_uri", .webAddress),
            contacts: section.scalars("contacts", .text()),
            pkce: section.read("pkce", .word, default: .required), consent: section.read("consent", .word, default: .ask),
            idTokenAlgorithm: section.read("id_token_algorithm", .word, default: .rs256),
            accessTokenAlgorithm: section.find("access_token_algorithm", .word),
            accessTokenLifetime: section.find("access_token_lifetime", .duration(TokensSettings.accessRange)),
            defaultMaxAge: section.find("default_max_age", .duration(.zero ... .days(365))))
        if client.scopes.isEmpty, client.grantTypes.contains(.authorizationCode), !section.isSet("scopes") { client.scopes = ["openid"] }
        Self.judgeSecret(client, section)
        certificates.judge(authentication, section)
        Self.judgeGrants(client, section)
        Self.judgeTrust(client, section)
        Self.judgeReferences(client, section, context)
        self.client = clientID == nil ? nil : client
    }

    private static func secret(_ section: SettingsSection, _ context: DeclarationContext) -> DeclaredSecret? {
        let readable = section.section("secret") { DeclaredSecret.read($0, local: context.local) }
        let digest = section.find("secret_sha256", .sha256)
        if section.isSet("secret"), section.isSet("secret_sha256") {
            section.refuse("secret_sha256", "is one form of the secret too many")
        }
        return readable ?? digest.map(DeclaredSecret.sha256)
    }

    private static func defaultAuthentication(_ section: SettingsSection) -> DeclaredClient.Authentication {
        if section.hasSecret { return .clientSecretBasic }
        if section.isSet("certificates") { return .selfSignedTLSClientAuth }
        return CertificateNameRule.Member.allCases.contains { section.isSet($0.rawValue) } ? .tlsClientAuth : .none
    }

    private static func judgeSecret(_ client: DeclaredClient, _ section: SettingsSection) {
        if client.authentication.usesSecret, !section.hasSecret {
            section.refuse("authentication", "\(client.authentication.rawValue) needs a secret: {env: NAME} or secret_sha256")
        }
        if !client.authentication.usesSecret, section.hasSecret {
            section.refuse("authentication", "is \(client.authentication.rawValue), but there is a secret")
        }
    }

    private static func judgeGrants(_ client: DeclaredClient, _ section: SettingsSection) {
        let usesCode = client.grantTypes.contains(.authorizationCode)
        if usesCode, client.redirectURIs.isEmpty, !section.isSet("redirect_uris") {
            section.refuse("redirect_uris", "is required for authorization_code")
        }
        if !usesCode, !client.redirectURIs.isEmpty {
            section.refuse("redirect_uris", "has no meaning without authorization_code")
        }
        // RFC 8252 §7.1: private-use schemes are a native application's way back.
        if client.applicationType == .web, client.redirectURIs.contains(where: \.isPrivateUseScheme) {
            section.refuse("redirect_uris", "may have a private-use scheme with application_type native only")
        }
        if client.grantTypes.contains(.refreshToken), !usesCode {
            section.refuse("grant_types", "refresh_token comes from authorization_code only")
        }
        // RFC 6749 §4.4: confidential clients only.
        if client.grantTypes.contains(.clientCredentials), !client.isConfidential {
            section.refuse("grant_types", "client_credentials is for clients with a secret or a certificate only")
        }
        if client.scopes.contains("offline_access"), !client.grantTypes.contains(.refreshToken) {
            section.refuse("scopes", "offline_access has no meaning without refresh_token")
        }
    }

    private static func judgeTrust(_ client: DeclaredClient, _ section: SettingsSection) {
        guard !client.isConfidential else { return }
        if client.pkce == .optional {
            section.refuse("pkce", "may be optional for clients with a secret or a certificate only")
        }
        // RFC 8252 §8.6: any program of the machine can claim such a redirect, so a person must see each request.
        if client.consent == .implicit, client.redirectURIs.contains(where: { $0.isLoopback || $0.isPrivateUseScheme }) {
            section.refuse("consent", "may not be implicit for a public client with loopback or private-scheme redirects")
        }
    }

    private static func judgeReferences(_ client: DeclaredClient, _ section: SettingsSection, _ context: DeclarationContext) {
        for scope in client.scopes where !context.scopes.contains(scope) {
            section.refuse("scopes", "no resource declares \(scope)" + SettingsSuggestion.ending(for: scope, among: context.scopes))
        }
        for audience in client.audiences where !context.resources.contains(audience) {
            let ending = SettingsSuggestion.ending(for: audience, among: context.resources)
            section.refuse("audiences", "no resource is declared as \(audience)" + ending)
        }
    }
}

extension SettingsSection {
    fileprivate var hasSecret: Bool { isSet("secret") || isSet("secret_sha256") }
}

extension SettingsScalar where Value == String {
    /// RFC 6749 appendix A.1: client-id = *VSCHAR; without spaces here, and without the colon that ends it in Basic.
    static var clientID: Self {
        text(bytesMax: 200).holding("must be printable ASCII without spaces and colons") { text in
            text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ":") }
        }
    }
}
