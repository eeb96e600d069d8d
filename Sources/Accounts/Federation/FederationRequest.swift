import OAuthProtocol

/// The authorization request to a provider (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1, RFC 7636 §4.3).
struct FederationRequest: Sendable {
    let provider: FederationProvider
    let endpoints: FederationEndpoints
    let flow: FederationFlow
    let state: String
    let redirectURI: String
    let loginHint: String?
    let upstream: UpstreamHints

    /// Where the browser goes.
    var url: String {
        let separator = endpoints.authorization.contains("?") ? "&" : "?"
        return endpoints.authorization + separator + Parameters.encode(parameters)
    }

    private var parameters: [(String, String)] {
        var pairs = [
            ("response_type", "code"), ("client_id", provider.clientID), ("redirect_uri", redirectURI), ("state", state),
        ]
        if !provider.scopes.isEmpty { pairs.append(("scope", provider.scopes.joined(separator: " "))) }
        if provider.kind == .openIDConnect, provider.usesNonce { pairs.append(("nonce", flow.nonce)) }
        if provider.usesPKCE { pairs += [("code_challenge", flow.codeChallenge), ("code_challenge_method", "S256")] }
        if provider.responseMode == .formPost { pairs.append(("response_mode", "form_post")) }
        if let loginHint { pairs.append(("login_hint", loginHint)) }
        // A parameter of OpenID Connect; others know other words under its name.
        if provider.kind == .openIDConnect, let prompt = upstream.prompt { pairs.append(("prompt", prompt)) }
        // With it `auth_time` is required in the answer (Core §2), and some know it that pass over `prompt`.
        if provider.kind == .openIDConnect, flow.asksForProof { pairs.append(("max_age", "0")) }
        if let name = provider.domainHintParameter, let domain = upstream.domainHint { pairs.append((name, domain)) }
        let taken = Set(pairs.map(\.0))
        pairs += provider.parameters.filter { !taken.contains($0.key) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return pairs
    }
}
