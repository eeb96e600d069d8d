/// What a client says of itself (RFC 7591 §2, OpenID Connect Registration §2), checked, with defaults filled in.
package struct ClientMetadata: Sendable, Equatable {
    package var redirectURIs: [RedirectURI]
    package var postLogoutRedirectURIs: [RedirectURI]
    package var grantTypes: [GrantType]
    /// `code`, or none for clients without the authorization code grant.
    package var responseTypes: [String]
    package var tokenEndpointAuthMethod: TokenEndpointAuthMethod
    /// With `tls_client_auth`: the name that its certificate must carry.
    package var certificateName: CertificateNameRule?
    /// With `tls_client_auth`: the authorities that may vouch for that name; empty: every one that the server trusts.
    package var certificateAuthorities: [CertificateAuthorityName]
    /// With `self_signed_tls_client_auth`: its certificates.
    package var certificates: RegisteredCertificates?
    /// `tls_client_certificate_bound_access_tokens` (RFC 8705 §3.4)
    package var isCertificateBound: Bool
    /// `dpop_bound_access_tokens` (RFC 9449 §5.2)
    package var isDPoPBound: Bool
    package var applicationType: ApplicationType
    /// `RS256` or `ES256`.
    package var idTokenSignedResponseAlg: String

    package var clientName: LocalizedText
    package var logoURI: LocalizedText
    package var clientURI: LocalizedText
    package var policyURI: LocalizedText
    package var tosURI: LocalizedText
    package var contacts: [String]

    /// The scopes that the client may ask for; nil where it didn't say.
    package var scope: ScopeSet?
    package var defaultMaxAge: MaxAge?
    package var requireAuthTime: Bool
    package var defaultACRValues: [String]
    package var initiateLoginURI: String?
    package var softwareID: String?
    package var softwareVersion: String?

    package static let clientNameCharactersMax = 200
    package static let idTokenAlgorithms = ["RS256", "ES256"]

    /// Whether the client has no secret (RFC 6749 §2.1).
    package var isPublic: Bool { tokenEndpointAuthMethod.isPublic }

    /// Every member, defaults included, as a registration is answered and stored (RFC 7591 §3.2.1). Reading it again gives
    /// an equal value.
    package var json: JSONValue {
        var members: [String: JSONValue] = [
            "redirect_uris": .strings(redirectURIs.map(\.text)),
            "grant_types": .strings(grantTypes.map(\.rawValue)),
            "response_types": .strings(responseTypes),
            "token_endpoint_auth_method": .string(tokenEndpointAuthMethod.rawValue),
            "application_type": .string(applicationType.rawValue),
            "subject_type": "public",
            "id_token_signed_response_alg": .string(idTokenSignedResponseAlg),
            "require_auth_time": .bool(requireAuthTime),
        ]
        let localized = [
            ("client_name", clientName), ("logo_uri", logoURI), ("client_uri", clientURI), ("policy_uri", policyURI), ("tos_uri", tosURI),
        ]
        for (name, text) in localized {
            members[name] = text.text.map { .string($0) }
            for (tag, translation) in text.byLanguage { members["\(name)#\(tag)"] = .string(translation) }
        }
        if !postLogoutRedirectURIs.isEmpty { members["post_logout_redirect_uris"] = .strings(postLogoutRedirectURIs.map(\.text)) }
        if !contacts.isEmpty { members["contacts"] = .strings(contacts) }
        if !defaultACRValues.isEmpty { members["default_acr_values"] = .strings(defaultACRValues) }
        if let certificateName { members[certificateName.member.rawValue] = .string(certificateName.text) }
        if !certificateAuthorities.isEmpty {
            members["tls_client_auth_authorities"] = .strings(certificateAuthorities.map(\.description))
        }
        members["jwks"] = certificates?.json
        // Left out where it is false: so it was stored before there was such a member.
        if isCertificateBound { members["tls_client_certificate_bound_access_tokens"] = true }
        if isDPoPBound { members["dpop_bound_access_tokens"] = true }
        members["scope"] = scope.map { .string($0.description) }
        members["default_max_age"] = defaultMaxAge.map { .int(Int64($0.seconds)) }
        members["initiate_login_uri"] = initiateLoginURI.map { .string($0) }
        members["software_id"] = softwareID.map { .string($0) }
        members["software_version"] = softwareVersion.map { .string($0) }
        return .object(members)
    }
}
