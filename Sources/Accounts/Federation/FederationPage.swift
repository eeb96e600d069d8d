import Audit
import FoundationEssentials
import Guard
import HTTPTypes
import Hummingbird
import Keys
import OAuthProtocol
import Runtime
import Web

/// `/sign-in/with/{provider}` and `/sign-in/callback/{provider}`: to a provider and back, within a sign-in or to add a way to sign in.
package struct FederationPage: Sendable {
    package static let startPrefix = "/sign-in/with"
    package static let callbackPrefix = "/sign-in/callback"
    /// Where adding a way to sign in begins and ends.
    package static let accountPath = "/account"

    let federation: Federation
    let flow: SignInFlow
    let sessions: Sessions
    /// Browsers that are expected back are kept, so one address can have only so many.
    let limiter: RateLimiter
    let csrf: CSRFTokens
    let site: Site
    let clock: any WallClock

    package init(
        federation: Federation, flow: SignInFlow, sessions: Sessions, limiter: RateLimiter, csrf: CSRFTokens, site: Site,
        clock: any WallClock
    ) {
        self.federation = federation
        self.flow = flow
        self.sessions = sessions
        self.limiter = limiter
        self.csrf = csrf
        self.site = site
        self.clock = clock
    }

    /// The address of a button on the sign-in page.
    static func startPath(provider: String, flow: String, loginHint: String? = nil) -> String {
        let pairs = [("flow", flow)] + (loginHint.map { [("login_hint", $0)] } ?? [])
        return "\(startPrefix)/\(provider)?\(OAuthProtocol.Parameters.encode(pairs))"
    }

    /// The address of a link that adds a way to sign in.
    /// - Parameter token: ``linkToken(for:)``.
    package static func linkPath(provider: String, token: String) -> String {
        "\(startPrefix)/\(provider)?\(OAuthProtocol.Parameters.encode([("link", token)]))"
    }

    /// Proves that a link was shown to this very session: following one that somebody else made adds nothing.
    package func linkToken(for session: Session) -> String { csrf.token(for: Self.linkBinding(session)) }

    private static func linkBinding(_ session: Session) -> String { "link:" + session.tokenText }

    // MARK: There

    /// `GET /sign-in/with/{provider}`
    package func start(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let provider = try await requireProvider(context)
        let query = try Form.query(request)
        try limiter.require(context.limitKey, noting: context.rateLimits, now: now)
        if let token = try query.optional("link", bytesMax: 128) {
            guard let session = try await sessions.find(request, now: now), csrf.isRight(token, binding: Self.linkBinding(session)) else {
                throw Self.expired
            }
            // The link may stand on a page that was left open: back to the page, which asks the person to prove themselves anew.
            guard session.isRecent(now: now) else { return Reply.redirect(to: Self.accountPath) }
            return try await startLink(provider, session: session, request, context, now: now)
        }
        guard let handle = try query.optional("flow", bytesMax: 128) else {
            // Another site's link must not sign anybody in who is signed in there: the person presses the button (Fetch Metadata; a browser
            // that doesn't say where the link stood may be anywhere).
            guard let place = request.headers[.secFetchSite], ["same-origin", "none"].contains(place) else {
                return Reply.redirect(to: SignInFlow.path)
            }
            let browser = BrowserBinding.readOrCreate(request, site: site, randomness: federation.randomness)
            let path = try await flow.begin(returnTo: "/", browser: browser, now: now)
            let handle = String(path.drop { $0 != "=" }.dropFirst())
            return Reply.redirect(to: Self.startPath(provider: provider.id, flow: handle), setting: browser.newCookie)
        }
        guard let browser = BrowserBinding.read(request, site: site),
            let signIn = try await SignInStore(federation.database).find(handle: handle, browser: browser, now: now)
        else { throw Self.expired }
        let hint = try query.optional("login_hint", bytesMax: 512) ?? signIn.loginHint
        return try await startSignIn(provider, signIn, browser: browser, loginHint: hint, context, now: now)
    }

    private func startSignIn(
        _ provider: FederationProvider, _ signIn: SignIn, browser: BrowserBinding, loginHint: String?, _ context: GatehouseContext,
        now: Date
    ) async throws -> Response {
        let asksForProof = signIn.upstream.prompt == "login"
        let made = FederationFlow.make(
            providerID: provider.id, purpose: .signIn(signIn.id), handle: signIn.handle, asksForProof: asksForProof,
            requiresProof: asksForProof && signIn.client != nil, randomness: federation.randomness, now: now)
        let endpoints: FederationEndpoints
        do throws(FederationFailure) {
            // OAuth 2.0 can neither ask for it nor say that it happened.
            if made.requiresProof, provider.kind == .oauth { throw .unproven("OAuth 2.0 proves nobody anew") }
            endpoints = try await federation.documents.endpoints(provider, now: now)
        } catch {
            return try await fail(error, provider, made, address: context.clientAddress, now: now)
        }
        return try await send(
            made, to: provider, endpoints, browser: browser, loginHint: loginHint, upstream: signIn.upstream, now: now)
    }

    private func startLink(
        _ provider: FederationProvider, session: Session, _ request: Request, _ context: GatehouseContext, now: Date
    ) async throws -> Response {
        let browser = BrowserBinding.readOrCreate(request, site: site, randomness: federation.randomness)
        let made = FederationFlow.make(
            providerID: provider.id, purpose: .link(session: session.id), handle: nil, asksForProof: false, requiresProof: false,
            randomness: federation.randomness, now: now)
        let endpoints: FederationEndpoints
        do throws(FederationFailure) {
            endpoints = try await federation.documents.endpoints(provider, now: now)
        } catch {
            return try await fail(error, provider, made, address: context.clientAddress, now: now)
        }
        var response = try await send(
            made, to: provider, endpoints, browser: browser, loginHint: nil, upstream: UpstreamHints(), now: now)
        if let cookie = browser.newCookie { response.headers.append(cookie) }
        return response
    }

    private func send(
        _ made: FederationFlow, to provider: FederationProvider, _ endpoints: FederationEndpoints, browser: BrowserBinding,
        loginHint: String?, upstream: UpstreamHints, now: Date
    ) async throws -> Response {
        let state = OpaqueToken.generate(randomness: federation.randomness)
        if case .signIn(let id) = made.purpose {
            try await SignInStore(federation.database).note(id, notice: nil, providerID: nil)
        }
        try await FederationFlowStore(federation.database, masterKeys: federation.masterKeys).insert(
            made, state: state, browser: browser.hash, randomness: federation.randomness)
        let request = FederationRequest(
            provider: provider, endpoints: endpoints, flow: made, state: state.text, redirectURI: redirectURI(provider),
            loginHint: loginHint, upstream: upstream)
        return Reply.redirect(to: request.url)
    }
}
