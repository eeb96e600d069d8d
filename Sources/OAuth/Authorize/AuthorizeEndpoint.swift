import Accounts
import FoundationEssentials
import Guard
import Hummingbird
import Keys
import OAuthProtocol
import Postgres
import Runtime
import Web

/// `/oauth2/authorize` (RFC 6749 §3.1): checks the request, then asks ``AuthorizationJudgement`` what comes next.
///
/// What needs a person is stored as it was sent; every page leads back to `/oauth2/authorize/continue`, where it is checked again.
package struct AuthorizeEndpoint: Sendable {
    package static let continuePath = DiscoveryEndpoint.Path.authorize + "/continue"

    let settings: OAuthSettings
    let checks: AuthorizationChecks
    let issuer: AuthorizationIssuer
    let consent: ConsentPage
    let database: Database
    let sessions: Sessions
    let signIn: SignInFlow
    let site: Site
    /// Requests that wait for a person are kept, so one address can make only so many.
    let limiter: RateLimiter
    let randomness: any Randomness
    let clock: any WallClock

    /// `GET /oauth2/authorize`
    package func show(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let parameters = try Form.query(request)
        let target = try await checks.target(parameters)
        let asked: AuthorizationRequest
        do {
            asked = try await checks.request(parameters, target: target, now: now)
        } catch let error as OAuthError {
            return try issuer.reply.error(error, to: target)
        }
        let session = try await sessions.find(request, now: now)
        let judgement = AuthorizationJudgement(
            request: asked, session: session, remembered: try await remembered(asked, session), startedAt: now, now: now)
        switch judgement.judge() {
        case .approve:
            guard let session else { throw OAuthError.serverError(reason: "approved without a session") }
            return try await issuer.approve(asked, session: session, address: context.clientAddress, now: now)
        case .refuse(let error):
            return try issuer.reply.error(error, to: target)
        case .signIn, .selectAccount, .consent:
            let browser = BrowserBinding.readOrCreate(request, site: site, randomness: randomness)
            let handle = try await store(parameters, target: target, browser: browser.hash, context, now: now)
            return Reply.redirect(to: Self.address(handle), setting: browser.newCookie)
        }
    }

    /// `POST /oauth2/authorize`. A cross-site POST comes without our cookies, so it is stored
    /// and the browser sent on to a GET, which brings them.
    package func submit(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let parameters = try await Form.read(request, context)
        let target = try await checks.target(parameters)
        do {
            _ = try await checks.request(parameters, target: target, now: now)
        } catch let error as OAuthError {
            return try issuer.reply.error(error, to: target)
        }
        return Reply.redirect(
            to: Self.address(try await store(parameters, target: target, browser: nil, context, now: now)))
    }

    /// `GET /oauth2/authorize/continue`: a stored request goes on from wherever the person stands.
    package func resume(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let query = try Form.query(request)
        let handle = try query.required("request", bytesMax: 128)
        let browser = BrowserBinding.readOrCreate(request, site: site, randomness: randomness)
        var response = try await resume(
            handle, browser: browser, hasSelectedAccount: try query.optional("account") == "current",
            hasGivenUp: try query.optional("proof") == "none", request, context, now: now)
        if let cookie = browser.newCookie { response.headers.append(cookie) }
        return response
    }

    private func resume(
        _ handle: String, browser: BrowserBinding, hasSelectedAccount: Bool, hasGivenUp: Bool, _ request: Request,
        _ context: GatehouseContext, now: Date
    ) async throws -> Response {
        let (waiting, target, parameters) = try await consent.requireWaiting(handle, browser: browser, now: now)
        let asked: AuthorizationRequest
        do {
            asked = try await checks.request(parameters, target: target, now: now)
        } catch let error as OAuthError {
            return try await issuer.refuse(error, target, waiting: waiting.id, address: context.clientAddress, now: now)
        }
        let session = try await sessions.find(request, now: now)
        let judgement = AuthorizationJudgement(
            request: asked, session: session, remembered: try await remembered(asked, session), startedAt: waiting.createdAt,
            hasSelectedAccount: hasSelectedAccount, now: now)
        switch judgement.judge() {
        case .approve:
            guard let session else { throw OAuthError.serverError(reason: "approved without a session") }
            return try await issuer.approve(asked, session: session, waiting: waiting.id, address: context.clientAddress, now: now)
        case .refuse(let error):
            return try await issuer.refuse(error, asked.target, waiting: waiting.id, address: context.clientAddress, now: now)
        case .signIn where hasGivenUp:
            // OpenID Connect Core §3.1.2.1: who can't be authenticated anew is not sent round in circles.
            return try await issuer.refuse(
                AuthorizationJudgement.loginRequired, asked.target, waiting: waiting.id, address: context.clientAddress, now: now)
        case .signIn:
            return try await redirectToSignIn(asked, handle: handle, offersPresentAccount: false, browser: browser, now: now)
        case .selectAccount:
            return try await redirectToSignIn(asked, handle: handle, offersPresentAccount: true, browser: browser, now: now)
        case .consent:
            guard let session else { throw OAuthError.serverError(reason: "consent without a session") }
            return try consent.render(asked, handle: handle, session: session)
        }
    }

    private func redirectToSignIn(
        _ asked: AuthorizationRequest, handle: String, offersPresentAccount: Bool, browser: BrowserBinding, now: Date
    ) async throws -> Response {
        Reply.redirect(
            to: try await signIn.begin(
                handle: handle, returnTo: Self.address(handle), loginHint: asked.loginHint,
                client: PresentedClient(
                    page: asked.client.page, redirectURI: asked.target.address, onwardTargets: asked.client.onwardTargets,
                    isPopup: asked.target.isPopup),
                offersPresentAccount: offersPresentAccount, upstream: asked.upstreamHints, browser: browser, now: now))
    }

    private func remembered(_ asked: AuthorizationRequest, _ session: Session?) async throws -> ScopeSet {
        guard let session, asked.client.canRememberConsent, asked.client.consent == .ask, !asked.prompt.contains(.consent) else {
            return []
        }
        return try await ConsentStore(database).find(userID: session.user.id, clientID: asked.client.id)
    }

    private func store(
        _ parameters: OAuthProtocol.Parameters, target: AuthorizationTarget, browser: TokenHash?, _ context: GatehouseContext, now: Date
    ) async throws -> String {
        try limiter.require(context.limitKey, noting: context.rateLimits, now: now)
        let kept = OAuthProtocol.Parameters.encode(parameters.pairs.filter { Self.kept.contains($0.name) }.map { ($0.name, $0.value) })
        guard kept.utf8.count <= Self.storedBytesMax else { throw OAuthError.invalidRequest("The request is too long.") }
        let handle = OpaqueToken.generate(randomness: randomness)
        try await AuthorizationRequestStore(database).insert(
            id: randomness.uuid(at: now), handle: handle, browser: browser, clientID: target.client.id,
            parameters: kept, now: now,
            expiresAt: now + settings.authorizationRequestLifetime)
        return handle.text
    }

    static let storedBytesMax = 16_384

    /// What a stored request needs to be checked again; the rest is not kept.
    private static let kept: Set<String> = [
        "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "prompt", "max_age", "login_hint", "id_token_hint",
        "acr_values", "code_challenge", "code_challenge_method", "dpop_jkt", "response_mode", "display", "claims", "resource",
        "domain_hint",
    ]

    /// Where a stored request goes on.
    static func address(_ handle: String) -> String { "\(continuePath)?request=\(handle)" }
}
