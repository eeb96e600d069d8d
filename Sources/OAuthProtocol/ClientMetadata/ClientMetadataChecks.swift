extension ClientMetadata {
    /// Reads and judges what a client registers. What the registries don't know is ignored (RFC 7591 §2); what they know and
    /// we don't support is refused.
    /// - Throws: `invalid_redirect_uri` or `invalid_client_metadata`, naming the member.
    package init(registering json: JSONValue, policy: ClientMetadataPolicy = .registration()) throws(OAuthError) {
        guard let object = json.object else { throw .invalidClientMetadata("The client metadata is not a JSON object.") }
        try UnsupportedMetadata.refuse(in: object)
        let members = MetadataMembers(members: object)

        tokenEndpointAuthMethod = try Self.authMethod(members, policy)
        certificateName = try Self.certificateName(members, tokenEndpointAuthMethod)
        certificates = try Self.certificates(members, tokenEndpointAuthMethod)
        certificateAuthorities = try Self.certificateAuthorities(members, tokenEndpointAuthMethod, policy)
        isCertificateBound = try members.bool("tls_client_certificate_bound_access_tokens") ?? false
        isDPoPBound = try members.bool("dpop_bound_access_tokens") ?? false
        guard !isCertificateBound || !isDPoPBound else {
            throw .invalidClientMetadata("Tokens are bound to a certificate or to a DPoP key, not to both.")
        }
        applicationType = try members.choice("application_type", ApplicationType.self) ?? .web
        (grantTypes, responseTypes) = try Self.grants(members, policy)
        guard !grantTypes.contains(.clientCredentials) || !tokenEndpointAuthMethod.isPublic else {
            // RFC 6749 §4.4: "MUST only be used by confidential clients".
            throw .invalidClientMetadata("The grant type client_credentials needs a client that authenticates.")
        }

        let mayBeNative = applicationType == .native || tokenEndpointAuthMethod.isPublic
        redirectURIs = try Self.redirectURIs(members, policy, mayBeNative: mayBeNative)
        guard !redirectURIs.isEmpty || !grantTypes.contains(.authorizationCode) else {
            throw .invalidRedirectURI("The member redirect_uris is missing.")
        }
        postLogoutRedirectURIs = try Self.postLogoutRedirectURIs(members, policy, mayBeNative: mayBeNative)

        try Self.checkSubjectType(members)
        idTokenSignedResponseAlg = try Self.idTokenAlgorithm(members)

        clientName = try members.localized("client_name", charactersMax: Self.clientNameCharactersMax)
        logoURI = try members.localized("logo_uri", isWebAddress: true)
        clientURI = try members.localized("client_uri", isWebAddress: true)
        policyURI = try members.localized("policy_uri", isWebAddress: true)
        tosURI = try members.localized("tos_uri", isWebAddress: true)
        contacts = try members.strings("contacts", countMax: 20, charactersMax: 320) ?? []

        scope = try Self.scope(members, policy)
        defaultMaxAge = try members.seconds("default_max_age").map(MaxAge.init(seconds:))
        requireAuthTime = try members.bool("require_auth_time") ?? false
        defaultACRValues = try members.strings("default_acr_values", countMax: 20, charactersMax: 255) ?? []
        initiateLoginURI = try members.webAddress("initiate_login_uri")
        softwareID = try members.string("software_id", charactersMax: 255)
        softwareVersion = try members.string("software_version", charactersMax: 255)
    }

    private static func authMethod(_ members: MetadataMembers, _ policy: ClientMetadataPolicy) throws(OAuthError) -> TokenEndpointAuthMethod
    {
        let method = try members.choice("token_endpoint_auth_method", TokenEndpointAuthMethod.self) ?? .clientSecretBasic
        guard policy.authMethods.contains(method) else {
            throw .invalidClientMetadata("The token_endpoint_auth_method \(method.rawValue) is not allowed.")
        }
        return method
    }

    /// RFC 8705 §2.1.2: "A client using the tls_client_auth authentication method MUST use exactly one of the below metadata parameters".
    private static func certificateName(
        _ members: MetadataMembers, _ method: TokenEndpointAuthMethod
    ) throws(OAuthError) -> CertificateNameRule? {
        var rules: [CertificateNameRule] = []
        for member in CertificateNameRule.Member.allCases {
            guard let text = try members.string(member.rawValue, charactersMax: DistinguishedName.bytesMax) else { continue }
            guard method == .tlsClientAuth else {
                throw .invalidClientMetadata("The member \(member.rawValue) goes with tls_client_auth only.")
            }
            rules.append(try CertificateNameRule(member, text))
        }
        guard method != .tlsClientAuth || rules.count == 1 else {
            throw .invalidClientMetadata(
                "The token_endpoint_auth_method tls_client_auth needs exactly one of tls_client_auth_subject_dn and tls_client_auth_san_*.")
        }
        return rules.first
    }

    /// A member of our own, for operators alone: to others it is unknown, and ignored as the registries' unknown ones are.
    private static func certificateAuthorities(
        _ members: MetadataMembers, _ method: TokenEndpointAuthMethod, _ policy: ClientMetadataPolicy
    ) throws(OAuthError) -> [CertificateAuthorityName] {
        let member = "tls_client_auth_authorities"
        guard policy.mayNameAuthorities, let texts = try members.strings(member, countMax: 20, charactersMax: 95) else { return [] }
        guard method == .tlsClientAuth, !texts.isEmpty else {
            throw .invalidClientMetadata("The member \(member) names one or more authorities, with tls_client_auth only.")
        }
        var names: [CertificateAuthorityName] = []
        for text in texts {
            guard let name = CertificateAuthorityName(parsing: text) else {
                throw .invalidClientMetadata("The member \(member) holds something that is neither local nor a SHA-256.")
            }
            names.append(name)
        }
        return names
    }

    private static func certificates(
        _ members: MetadataMembers, _ method: TokenEndpointAuthMethod
    ) throws(OAuthError) -> RegisteredCertificates? {
        guard let jwks = members.value("jwks") else {
            guard method != .selfSignedTLSClientAuth else {
                throw .invalidClientMetadata(
                    "The token_endpoint_auth_method self_signed_tls_client_auth needs the member jwks, with a certificate (x5c) in every key."
                )
            }
            return nil
        }
        // Keys are of no use to us otherwise, and a client that registers some relies on them.
        guard method == .selfSignedTLSClientAuth else {
            throw .invalidClientMetadata("The member jwks is supported with self_signed_tls_client_auth only.")
        }
        return try RegisteredCertificates(jwks: jwks)
    }

    /// RFC 7591 §2.1: the response type `code` goes with the grant type `authorization_code`, and neither without the other.
    private static func grants(
        _ members: MetadataMembers, _ policy: ClientMetadataPolicy
    ) throws(OAuthError) -> (grants: [GrantType], responses: [String]) {
        let grants = try members.choices("grant_types", GrantType.self) ?? [.authorizationCode]
        guard !grants.isEmpty else { throw .invalidClientMetadata("The member grant_types is empty.") }
        for grant in grants where !policy.grantTypes.contains(grant) {
            throw .invalidClientMetadata("The grant type \(grant.rawValue) is not allowed.")
        }
        let usesCode = grants.contains(.authorizationCode)
        guard usesCode || !grants.contains(.refreshToken) else {
            throw .invalidClientMetadata("The grant type refresh_token needs authorization_code beside it.")
        }
        let responses = try members.strings("response_types", countMax: 20) ?? (usesCode ? ["code"] : [])
        for response in responses where response != "code" {
            throw .invalidClientMetadata("The member response_types has a value that is not supported: \(response)")
        }
        guard usesCode != responses.isEmpty else {
            throw .invalidClientMetadata("The members grant_types and response_types do not go together.")
        }
        return (grants, usesCode ? ["code"] : [])
    }

    private static func redirectURIs(
        _ members: MetadataMembers, _ policy: ClientMetadataPolicy, mayBeNative: Bool
    ) throws(OAuthError) -> [RedirectURI] {
        let texts: [String]
        do {
            texts = try members.strings("redirect_uris", countMax: policy.redirectURIsMax) ?? []
        } catch {
            throw .invalidRedirectURI(error.publicDescription)
        }
        return try unique(texts, mayBeNative: mayBeNative)
    }

    /// OpenID Connect RP-Initiated Logout §3.1. The code `invalid_redirect_uri` is for `redirect_uris` alone.
    private static func postLogoutRedirectURIs(
        _ members: MetadataMembers, _ policy: ClientMetadataPolicy, mayBeNative: Bool
    ) throws(OAuthError) -> [RedirectURI] {
        let texts = try members.strings("post_logout_redirect_uris", countMax: policy.redirectURIsMax) ?? []
        do {
            return try unique(texts, mayBeNative: mayBeNative)
        } catch {
            throw .invalidClientMetadata("The member post_logout_redirect_uris: \(error.publicDescription)")
        }
    }

    private static func unique(_ texts: [String], mayBeNative: Bool) throws(OAuthError) -> [RedirectURI] {
        var uris: [RedirectURI] = []
        for text in texts {
            let uri = try RedirectURI(registering: text, isPublicOrNative: mayBeNative)
            if !uris.contains(uri) { uris.append(uri) }
        }
        return uris
    }

    private static func checkSubjectType(_ members: MetadataMembers) throws(OAuthError) {
        guard let type = try members.string("subject_type") else { return }
        guard type == "public" else { throw .invalidClientMetadata("The subject_type must be public.") }
    }

    private static func idTokenAlgorithm(_ members: MetadataMembers) throws(OAuthError) -> String {
        let algorithm = try members.string("id_token_signed_response_alg") ?? "RS256"
        guard idTokenAlgorithms.contains(algorithm) else {
            throw .invalidClientMetadata("The id_token_signed_response_alg must be RS256 or ES256.")
        }
        return algorithm
    }

    private static func scope(_ members: MetadataMembers, _ policy: ClientMetadataPolicy) throws(OAuthError) -> ScopeSet? {
        guard let text = try members.string("scope", charactersMax: 4_096) else { return nil }
        let scope: ScopeSet
        do {
            scope = try ScopeSet(parsing: text)
        } catch {
            throw .invalidClientMetadata(error.publicDescription)
        }
        if let allowed = policy.scopes, let refused = scope.subtracting(allowed).array.first {
            throw .invalidClientMetadata("The scope \(refused) is not allowed.")
        }
        return scope
    }
}
