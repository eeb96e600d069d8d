import FoundationEssentials
import HTTPTypes
import Hummingbird
import Keys
import OAuth
import OAuthProtocol
import Runtime
import Web

/// `/gateway/sign-in`, `/gateway/callback` and `/gateway/sign-out`: proxied on the protected host, so that the cookie is that host's own.
package struct DoorSignInPage: Sendable {
    package static let pathPrefix = "/gateway/"
    package static let signInPath = "/gateway/sign-in"
    package static let callbackPath = "/gateway/callback"
    package static let signOutPath = "/gateway/sign-out"

    private let site: Site
    private let client: Client?
    private let origins: Set<String>
    private let proxies: ForwardAuthProxies
    private let sessions: DoorSessions
    private let redemption: AuthorizationCodeRedemption
    private let masterKeys: MasterKeys
    private let randomness: any Randomness
    private let clock: any WallClock

    /// - Parameter client: the built-in one; nil where no rule serves browsers.
    package init(
        settings: ForwardAuthSettings, site: Site, client: Client?, sessions: DoorSessions, redemption: AuthorizationCodeRedemption,
        masterKeys: MasterKeys, randomness: any Randomness, clock: any WallClock
    ) {
        self.site = site
        self.client = client
        origins = Set(settings.browserOrigins)
        proxies = ForwardAuthProxies(settings.proxies)
        self.sessions = sessions
        self.redemption = redemption
        self.masterKeys = masterKeys
        self.randomness = randomness
        self.clock = clock
    }

    package func signIn(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        try signIn(request, from: context.peerAddress)
    }

    package func callback(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        try await callback(request, from: context.peerAddress)
    }

    package func signOut(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        try await signOut(request, from: context.peerAddress)
    }

    /// `GET /gateway/sign-in?return=…`: off to the issuer.
    package func signIn(_ request: Request, from peer: String) throws -> Response {
        let (origin, client) = try requireOrigin(request, from: peer)
        let target = DoorSignIn.returnTarget(try Form.query(request).optional("return") ?? "/")
        let browser = BrowserBinding.readOrCreate(request, site: Site(issuer: origin), randomness: randomness)
        let begun = try DoorSignIn.begin(
            returnTarget: target, origin: origin, browser: browser, masterKeys: masterKeys, randomness: randomness, now: clock.now)
        let query = OAuthProtocol.Parameters.encode([
            ("response_type", "code"), ("client_id", client.id), ("redirect_uri", DoorClient.redirectURI(origin)),
            ("scope", client.scopes.description), ("state", begun.state), ("nonce", begun.nonce), ("code_challenge", begun.codeChallenge),
            ("code_challenge_method", "S256"),
        ])
        return Reply.redirect(to: site.issuer + DiscoveryEndpoint.Path.authorize + "?" + query, setting: browser.newCookie)
    }

    /// `GET /gateway/callback`: the person comes back with a code, and gets this host's own cookie.
    package func callback(_ request: Request, from peer: String) async throws -> Response {
        let now = clock.now
        let (origin, client) = try requireOrigin(request, from: peer)
        let query = try Form.query(request)
        let browser = BrowserBinding.read(request, site: Site(issuer: origin))
        let begun = try DoorSignIn.resume(
            state: try query.required("state"), origin: origin, browser: browser, masterKeys: masterKeys, now: now)
        // RFC 9207 §2.4
        guard try query.required("iss") == site.issuer else { throw OAuthError.forbidden("The answer is another server's.") }
        if let error = try query.optional("error") {
            throw OAuthError.accessDenied(reason: "the issuer says \(OAuthError.sanitised(error))")
        }
        let address = sender(request, peer: peer)
        let redeemed = try await redemption.redeem(
            try query.required("code"), for: client, redirectURI: DoorClient.redirectURI(origin), codeVerifier: begun.codeVerifier,
            address: address, now: now)
        // OpenID Connect Core §3.1.3.7: the answer is to this very request.
        guard let nonce = redeemed.nonce, ConstantTime.equal(Array(nonce.utf8), Array(begun.nonce.utf8)) else {
            throw OAuthError.forbidden("The answer is to another request.")
        }
        let cookie = DoorSessions.cookie(isSecure: origin.hasPrefix("https:"))
        let (token, lifetime) = try await sessions.begin(
            redeemed, origin: origin, replacing: cookie.read(request), address: address, now: now)
        return Reply.redirect(to: begun.returnTarget, setting: cookie.set(token.text, maxAge: lifetime))
    }

    /// `GET` or `POST /gateway/sign-out`: ends this host's session, and goes on to the issuer's page, where the person's own may end.
    /// Only from the protected host itself or by hand: another site must not sign people out.
    package func signOut(_ request: Request, from peer: String) async throws -> Response {
        let (origin, _) = try requireOrigin(request, from: peer)
        try FormOrigin.check(request, site: Site(issuer: origin))
        let cookie = DoorSessions.cookie(isSecure: origin.hasPrefix("https:"))
        guard let token = cookie.read(request) else { return Reply.redirect(to: site.issuer + "/sign-out") }
        try await sessions.end(token, origin: origin, address: sender(request, peer: peer), now: clock.now)
        return Reply.redirect(to: site.issuer + "/sign-out", setting: cookie.clear())
    }

    /// The protected origin, as one of our proxies says it, and only one that people sign in at.
    private func requireOrigin(_ request: Request, from peer: String) throws(OAuthError) -> (origin: String, client: Client) {
        guard proxies.contains(peer) else { throw .forbidden("Only through a proxy of ours.", reason: "an untrusted proxy") }
        let check = ForwardAuthCheck(head: request.head, appended: "", proxies: proxies, certificates: .none)
        let origin: String?
        do {
            let scheme = try check.scheme(.xForwardedProto)
            // Envoy keeps Host as it was and says nothing more.
            let authority =
                try check.optional(.xForwardedHost, bytesMax: ForwardAuthDialects.authorityBytesMax) ?? request.head.authority ?? ""
            origin = ForwardAuthQuestion.origin(scheme: scheme, authority: authority)?.origin
        } catch {
            throw .invalidRequest("The proxy did not say which host this is.", reason: error.description)
        }
        guard let origin, origins.contains(origin), let client else { throw .notFound(reason: "nobody signs in at this origin") }
        return (origin, client)
    }

    private func sender(_ request: Request, peer: String) -> String {
        let check = ForwardAuthCheck(head: request.head, appended: "", proxies: proxies, certificates: .none)
        return (try? check.senderAddress(.xForwardedFor)) ?? peer
    }
}
