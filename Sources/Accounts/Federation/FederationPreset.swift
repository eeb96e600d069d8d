/// Providers that are known by name: what would otherwise stand in the settings. Only documented addresses and behaviour.
package enum FederationPreset: String, Sendable, CaseIterable {
    case google, github, apple, microsoft, gitlab, discord, facebook, linkedin

    /// - Parameter tenant: Microsoft's: a tenant's id, `common`, `organizations` or `consumers`.
    package func provider(id: String, clientID: String, tenant: String? = nil) -> FederationProvider {
        switch self {
        case .google: Self.google(id, clientID)
        case .github: Self.github(id, clientID)
        case .apple: Self.apple(id, clientID)
        case .microsoft: Self.microsoft(id, clientID, tenant: tenant ?? "common")
        case .gitlab: Self.gitlab(id, clientID)
        case .discord: Self.discord(id, clientID)
        case .facebook: Self.facebook(id, clientID)
        case .linkedin: Self.linkedin(id, clientID)
        }
    }

    /// https://developers.google.com/identity/openid-connect/openid-connect
    private static func google(_ id: String, _ clientID: String) -> FederationProvider {
        var provider = FederationProvider(id: id, name: "Google", icon: .google, kind: .openIDConnect, clientID: clientID)
        provider.issuer = "https://accounts.google.com"
        provider.issuerAliases = ["accounts.google.com"]
        provider.authentication = .post
        provider.scopes = ["openid", "email", "profile"]
        provider.domainHintParameter = "hd"
        provider.algorithms = ["RS256"]
        return provider
    }

    /// https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps,
    /// https://docs.github.com/en/rest/users/emails: the profile's own `email` says nothing of verification, so the list is asked.
    private static func github(_ id: String, _ clientID: String) -> FederationProvider {
        var provider = FederationProvider(id: id, name: "GitHub", icon: .github, kind: .oauth, clientID: clientID)
        provider.issuer = "https://github.com/login/oauth"
        provider.authorizationEndpoint = "https://github.com/login/oauth/authorize"
        provider.tokenEndpoint = "https://github.com/login/oauth/access_token"
        provider.userInfoEndpoint = "https://api.github.com/user"
        provider.emailsEndpoint = "https://api.github.com/user/emails"
        provider.authentication = .post
        provider.scopes = ["read:user", "user:email"]
        provider.mapping.subject = "id"
        provider.mapping.emailVerified = nil
        provider.mapping.username = "login"
        provider.mapping.claims = ["name": "name", "nickname": "login", "picture": "avatar_url", "profile": "html_url", "website": "blog"]
        return provider
    }

    /// https://developer.apple.com/documentation/signinwithapplerestapi: the secret is a JWT of ours, the answer a form, the name comes once.
    private static func apple(_ id: String, _ clientID: String) -> FederationProvider {
        var provider = FederationProvider(id: id, name: "Apple", icon: .apple, kind: .openIDConnect, clientID: clientID)
        provider.issuer = "https://appleid.apple.com"
        provider.authentication = .signedSecret
        provider.responseMode = .formPost
        provider.scopes = ["name", "email"]
        provider.algorithms = ["RS256"]
        return provider
    }

    /// https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc. An address of a tenant is what its administrator
    /// typed: never verified, unless `xms_edov` says that its domain's owner has vouched for it.
    private static func microsoft(_ id: String, _ clientID: String, tenant: String) -> FederationProvider {
        var provider = FederationProvider(id: id, name: "Microsoft", icon: .microsoft, kind: .openIDConnect, clientID: clientID)
        provider.issuer = "https://login.microsoftonline.com/\(tenant)/v2.0"
        provider.issuerTemplate = "https://login.microsoftonline.com/{tenantid}/v2.0"
        provider.authentication = .post
        provider.scopes = ["openid", "email", "profile"]
        provider.mapping.emailVerified = "xms_edov"
        provider.domainHintParameter = "domain_hint"
        provider.algorithms = ["RS256"]
        return provider
    }

    /// https://docs.gitlab.com/integration/openid_connect_provider/; for one's own instance: `issuer`.
    private static func gitlab(_ id: String, _ clientID: String) -> FederationProvider {
        var provider = FederationProvider(id: id, name: "GitLab", icon: .gitlab, kind: .openIDConnect, clientID: clientID)
        provider.issuer = "https://gitlab.com"
        provider.scopes = ["openid", "email", "profile"]
        provider.usesUserInfo = true
        provider.algorithms = ["RS256"]
        return provider
    }

    /// https://docs.discord.com/developers/topics/oauth2
    private static func discord(_ id: String, _ clientID: String) -> FederationProvider {
        var provider = FederationProvider(id: id, name: "Discord", icon: .discord, kind: .oauth, clientID: clientID)
        provider.issuer = "https://discord.com"
        provider.authorizationEndpoint = "https://discord.com/oauth2/authorize"
        provider.tokenEndpoint = "https://discord.com/api/oauth2/token"
        provider.userInfoEndpoint = "https://discord.com/api/users/@me"
        provider.scopes = ["identify", "email"]
        provider.mapping.subject = "id"
        provider.mapping.emailVerified = "verified"
        provider.mapping.username = "username"
        provider.mapping.claims = ["name": "global_name", "nickname": "username", "locale": "locale"]
        return provider
    }

    /// https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow: whether an address was verified isn't said.
    private static func facebook(_ id: String, _ clientID: String) -> FederationProvider {
        var provider = FederationProvider(id: id, name: "Facebook", icon: .facebook, kind: .oauth, clientID: clientID)
        provider.issuer = "https://www.facebook.com"
        provider.authorizationEndpoint = "https://www.facebook.com/v23.0/dialog/oauth"
        provider.tokenEndpoint = "https://graph.facebook.com/v23.0/oauth/access_token"
        provider.userInfoEndpoint = "https://graph.facebook.com/v23.0/me?fields=id,name,first_name,last_name,email,picture"
        provider.authentication = .post
        provider.scopes = ["public_profile", "email"]
        provider.mapping.subject = "id"
        provider.mapping.emailVerified = nil
        provider.mapping.username = "name"
        provider.mapping.claims = [
            "name": "name", "given_name": "first_name", "family_name": "last_name", "picture": "picture.data.url",
        ]
        return provider
    }

    /// https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2: its ID tokens carry no nonce.
    private static func linkedin(_ id: String, _ clientID: String) -> FederationProvider {
        var provider = FederationProvider(id: id, name: "LinkedIn", icon: .linkedin, kind: .openIDConnect, clientID: clientID)
        provider.issuer = "https://www.linkedin.com/oauth"
        provider.authentication = .post
        provider.scopes = ["openid", "profile", "email"]
        provider.usesNonce = false
        provider.usesUserInfo = true
        provider.algorithms = ["RS256"]
        return provider
    }
}
