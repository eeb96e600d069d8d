import Accounts
import FoundationEssentials
import OAuthProtocol

/// A checked authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1).
struct AuthorizationRequest: Sendable {
    let target: AuthorizationTarget
    let scopes: ScopeSet
    let audiences: [String]
    let nonce: String?
    let prompt: Prompt
    let maxAge: Duration?
    let loginHint: String?
    /// The domain of the person's organisation: no parameter of OpenID Connect, but a common one.
    var domainHint: String?
    /// The person that `id_token_hint` or `claims` names; the answer must be about nobody else.
    let requiredSubject: String?
    let codeChallenge: String?
    /// `dpop_jkt` (RFC 9449 §10): the key that the code is bound to.
    let dpopKey: JWKThumbprint?
    /// Only claims that the client may know.
    let claims: ClaimsRequest?

    /// Everything that the person is asked to allow: the scopes, and those that claims asked for one by one belong to.
    var disclosed: ScopeSet {
        let names = (claims.map { Array($0.userInfo.keys) + Array($0.idToken.keys) } ?? []).compactMap(StandardClaims.scope(releasing:))
        return scopes.union(ScopeSet(names.sorted()))
    }

    var client: Client { target.client }

    /// What a provider of others is asked for in turn.
    var upstreamHints: UpstreamHints {
        // Without it the provider's own session would do, however old: `max_age` asks for no less.
        let asksForProof = prompt.contains(.login) || maxAge != nil
        return UpstreamHints(
            prompt: asksForProof ? "login" : prompt.contains(.selectAccount) ? "select_account" : nil, domainHint: domainHint)
    }
}

/// Where the answer goes: proven before anything else, since errors before this stay on our own page (RFC 6749 §4.1.2.1).
struct AuthorizationTarget: Sendable {
    let client: Client
    /// As registered, with the port that was sent.
    let redirectURI: RedirectURI
    /// As it was sent; nil when it was left out.
    let sentRedirectURI: String?
    let responseMode: ResponseMode
    let state: String?
    /// Whether the application waits in another window for word from this one (`display=popup`).
    var isPopup = false

    /// The address to answer to.
    var address: String { redirectURI.text }
}
