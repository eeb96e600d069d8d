import Accounts
import FoundationEssentials
import OAuthProtocol

/// A provider that the settings declare: a preset, or nothing, with what they say laid over it.
struct DeclaredProvider {
    /// nil: it has been refused.
    private(set) var provider: FederationProvider?

    private enum Kind: String, CaseIterable {
        case oidc, oauth2
    }

    init(_ section: SettingsSection, _ context: DeclarationContext, allowsHTTP: Bool) {
        let id = section.require("id", .providerID)
        let clientID = section.require("client_id", .text(bytesMax: 255))
        let preset: FederationPreset? = section.find("preset", .word)
        let tenant = section.find("tenant", .tenant)
        let kind: Kind? = section.find("type", .word)
        if preset != nil, kind != nil { section.refuse("type", "goes with providers that have no preset") }
        if tenant != nil, preset != .microsoft { section.refuse("tenant", "goes with preset microsoft only") }
        var made =
            preset?.provider(id: id ?? "", clientID: clientID ?? "", tenant: tenant)
            ?? FederationProvider(
                id: id ?? "", name: id ?? "", kind: kind == .oauth2 ? .oauth : .openIDConnect, clientID: clientID ?? "")
        if made.kind == .openIDConnect, preset == nil {
            made.scopes = ["openid", "profile", "email"]
            // In the code flow a scope's claims are at userinfo, and need not be in the ID token (OpenID Connect Core §5.4).
            made.usesUserInfo = true
        }
        Self.readIdentity(&made, section, preset)
        Self.readAuthentication(&made, section, context)
        Self.readProtocol(&made, section)
        Self.readPeople(&made, section, context)
        Self.judge(made, section, allowsHTTP: allowsHTTP)
        provider = id == nil || clientID == nil ? nil : made
    }

    private static func readIdentity(_ provider: inout FederationProvider, _ section: SettingsSection, _ preset: FederationPreset?) {
        provider.name = section.find("name", .text(bytesMax: 60)) ?? provider.name
        provider.icon = section.find("icon", .word) ?? provider.icon
        if let issuer = section.find("issuer", .serverAddress) {
            provider.issuer = issuer
            // Another issuer's tokens say their own name only.
            provider.issuerAliases = []
            provider.issuerTemplate = nil
        }
        section.section("endpoints") { endpoints in
            provider.authorizationEndpoint = endpoints.find("authorization", .serverAddress) ?? provider.authorizationEndpoint
            provider.tokenEndpoint = endpoints.find("token", .serverAddress) ?? provider.tokenEndpoint
            provider.userInfoEndpoint = endpoints.find("userinfo", .serverAddress) ?? provider.userInfoEndpoint
            provider.emailsEndpoint = endpoints.find("emails", .serverAddress) ?? provider.emailsEndpoint
        }
        if preset != nil, provider.kind == .oauth, section.isSet("endpoints"), !section.isSet("issuer") {
            // Whoever has number 1 there would be number 1 of the preset's own server.
            section.refuse("issuer", "is required where a preset's endpoints are replaced: identities of another server are others")
        }
        if preset == nil, provider.kind == .openIDConnect, provider.issuer == nil, !section.isSet("issuer") {
            section.refuse("issuer", "is required for OpenID Connect: a preset, an issuer, or type oauth2 with endpoints")
        }
        if provider.kind == .oauth {
            let isWhole = provider.authorizationEndpoint != nil && provider.tokenEndpoint != nil && provider.userInfoEndpoint != nil
            if !isWhole { section.refuse("endpoints", "authorization, token and userinfo are required for type oauth2") }
        }
    }

    private static func readAuthentication(
        _ provider: inout FederationProvider, _ section: SettingsSection, _ context: DeclarationContext
    ) {
        provider.authentication = section.find("authentication", .word) ?? provider.authentication
        provider.keyID = section.find("key_id", .text(bytesMax: 255))
        provider.signerID = section.find("team_id", .text(bytesMax: 255))
        let algorithm: SigningAlgorithmName? = section.find("signing_algorithm", .word)
        provider.signingAlgorithm = algorithm?.rawValue ?? provider.signingAlgorithm
        let secret = section.section("secret") { $0.secretText(local: context.local) }
        let key = section.section("private_key") { $0.secretText(local: context.local) }
        let isSigned = provider.authentication.isSigned
        if isSigned, !section.isSet("private_key") {
            section.refuse("private_key", "is required for \(provider.authentication.rawValue): {env: NAME} with a key in PEM")
        }
        if !isSigned, section.isSet("private_key") {
            section.refuse("private_key", "goes with private_key_jwt and signed_secret only")
        }
        if !isSigned, provider.authentication != .none, !section.isSet("secret") {
            section.refuse("secret", "is required for \(provider.authentication.rawValue): {env: NAME}")
        }
        if isSigned || provider.authentication == .none, section.isSet("secret") {
            section.refuse("secret", "has no meaning for \(provider.authentication.rawValue)")
        }
        if provider.authentication == .signedSecret, provider.keyID == nil || provider.signerID == nil {
            section.refuse("key_id", "and team_id are required for signed_secret")
        }
        provider.secret = (isSigned ? key : secret).map { FederationSecret($0.text) }
        if isSigned, key != nil, !provider.hasReadableKey {
            section.refuse("private_key", "is no private key in PEM for \(provider.signingAlgorithm)")
        }
    }

    private static func readProtocol(_ provider: inout FederationProvider, _ section: SettingsSection) {
        let scopes = section.scalars("scopes", .scopeToken, countMax: 50)
        if !scopes.isEmpty { provider.scopes = scopes }
        let pairs: [(String, String)] = section.list("parameters", countMax: 20) { entry in
            guard let name = entry.require("name", .text(bytesMax: 100)), let value = entry.require("value", .text(bytesMax: 1_000)) else {
                return nil
            }
            return (name, value)
        }
        provider.parameters.merge(pairs) { _, new in new }
        provider.responseMode = section.find("response_mode", .word) ?? provider.responseMode
        provider.usesPKCE = section.find("pkce", .bool) ?? provider.usesPKCE
        provider.usesNonce = section.find("nonce", .bool) ?? provider.usesNonce
        provider.usesUserInfo = section.find("userinfo", .bool) ?? provider.usesUserInfo
        let algorithms: [VerificationAlgorithmName] = section.scalars("algorithms", .word)
        if !algorithms.isEmpty { provider.algorithms = algorithms.map(\.rawValue) }
        if let tolerance = section.find("clock_tolerance", .duration(.zero ... .seconds(300))) {
            provider.clockTolerance = Int(tolerance.components.seconds)
        }
        provider.domainHintParameter = section.find("domain_hint_parameter", .text(bytesMax: 100)) ?? provider.domainHintParameter
        if provider.kind == .openIDConnect, !provider.usesPKCE, !provider.usesNonce {
            section.refuse("nonce", "and pkce can't both be off: a stolen code would be anybody's")
        }
    }

    private static func readPeople(_ provider: inout FederationProvider, _ section: SettingsSection, _ context: DeclarationContext) {
        section.section("claims") { claims in
            if provider.kind == .openIDConnect, claims.isSet("sub") {
                claims.refuse("sub", "goes with type oauth2 only: in an ID token the subject is sub")
            }
            provider.mapping.subject = claims.find("sub", .text()) ?? provider.mapping.subject
            provider.mapping.email = claims.find("email", .text()) ?? provider.mapping.email
            provider.mapping.emailVerified = claims.find("email_verified", .text()) ?? provider.mapping.emailVerified
            provider.mapping.username = claims.find("preferred_username", .text()) ?? provider.mapping.username
            for name in FederationClaimMapping.standard.keys.sorted() {
                if let path = claims.find(name, .text()) { provider.mapping.claims[name] = path }
            }
        }
        section.section("roles") { roles in
            provider.roles.claim = roles.find("claim", .text()) ?? provider.roles.claim
            let pairs: [(String, String)] = roles.list("map", countMax: 500) { entry in
                guard let group = entry.require("group", .text(bytesMax: 255)), let role = entry.require("role", .role) else { return nil }
                return (group, role)
            }
            provider.roles.roles = Dictionary(pairs) { _, last in last }
        }
        provider.newUsers = section.find("new_users", .word) ?? provider.newUsers
        provider.requiresVerifiedEmail = section.find("require_verified_email", .bool) ?? provider.requiresVerifiedEmail
        provider.trustedDomains = section.scalars("trusted_domains", .domain)
        if provider.hasManyTenants, !provider.trustedDomains.isEmpty {
            section.refuse("trusted_domains", "needs tenant to be a tenant's id: in any other, anybody can type any address")
        }
        provider.domains = section.scalars("domains", .domain)
        provider.trustsMethods = section.find("trust_amr", .bool) ?? provider.trustsMethods
        provider.trustsContext = section.find("trust_acr", .bool) ?? provider.trustsContext
        provider.refreshesProfile = section.find("refresh_profile", .bool) ?? provider.refreshesProfile
        section.section("tokens") { tokens in
            provider.tokenClients = tokens.scalars("clients", .clientID)
            for client in provider.tokenClients where !context.clientIDs.contains(client) {
                tokens.refuse(
                    "clients", "no client is declared as \(client)" + SettingsSuggestion.ending(for: client, among: context.clientIDs))
            }
        }
    }

    private static func judge(_ provider: FederationProvider, _ section: SettingsSection, allowsHTTP: Bool) {
        let addresses = [
            provider.issuer, provider.authorizationEndpoint, provider.tokenEndpoint, provider.userInfoEndpoint, provider.emailsEndpoint,
        ]
        if !allowsHTTP, addresses.contains(where: { $0?.hasPrefix("http:") == true }) {
            section.refuse("plain http is spoken with outbound.allow_http only")
        }
    }
}

extension SettingsScalar where Value == String {
    static var providerID: Self {
        text(bytesMax: 32).holding("must be lower-case letters, digits and hyphens, and not begin with a hyphen") { text in
            text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D } && !text.hasPrefix("-")
        }
    }

    /// An e-mail domain, in lower case.
    static var domain: Self {
        text(bytesMax: 253).holding("must be a domain in lower case, such as example.org") { text in
            text.contains(".") && !text.hasPrefix(".") && !text.hasSuffix(".") && text == text.lowercased()
                && text.utf8.allSatisfy { FormEncoding.isUnreserved($0) }
        }
    }

    static var tenant: Self {
        text(bytesMax: 100).holding("must be a tenant's id (a GUID in lower case), common, organizations or consumers") { text in
            // A domain would be compared with nothing: tokens name the id.
            ["common", "organizations", "consumers"].contains(text)
                || text.utf8.count == 36 && text == text.lowercased()
                    && text.utf8.allSatisfy { FormEncoding.hexValue($0) != nil || $0 == 0x2D }
        }
    }
}
