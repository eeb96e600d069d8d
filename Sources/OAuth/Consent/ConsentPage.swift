import Accounts
import FoundationEssentials
import Hummingbird
import Keys
import OAuthProtocol
import Postgres
import Runtime
import Web

/// `/oauth2/consent`: asks the person what the application may do, and takes the answer.
package struct ConsentPage: Sendable {
    package static let path = "/oauth2/consent"

    let settings: OAuthSettings
    let checks: AuthorizationChecks
    let issuer: AuthorizationIssuer
    let database: Database
    let sessions: Sessions
    let csrf: CSRFTokens
    let pages: Pages
    let site: Site
    let clock: any WallClock

    /// `POST /oauth2/consent`
    package func submit(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let form = try await Form.read(request, context)
        let handle = try form.required("request", bytesMax: 128)
        try FormOrigin.check(request, site: site)
        guard let browser = BrowserBinding.read(request, site: site) else { throw AuthorizationIssuer.answered }
        let (waiting, target, parameters) = try await requireWaiting(handle, browser: browser, now: now)
        // Bound to the session: a form shown to one person is never answered by another. Whoever has signed in meanwhile,
        // or as whom, in this browser is asked anew.
        guard let session = try await sessions.find(request, now: now),
            csrf.isRight(try form.optional(CSRFTokens.fieldName), binding: session.tokenText)
        else { return Reply.redirect(to: AuthorizeEndpoint.address(handle)) }
        let asked: AuthorizationRequest
        do {
            asked = try await checks.request(parameters, target: target, now: now)
        } catch let error as OAuthError {
            return try await issuer.refuse(error, target, waiting: waiting.id, address: context.clientAddress, now: now)
        }
        switch try form.required("decision", bytesMax: 16) {
        case "deny":
            return try await issuer.refuse(
                .accessDenied("The person did not allow this."), asked.target, session: session, waiting: waiting.id,
                address: context.clientAddress, now: now)
        case "allow":
            // What the client may ask for can have changed since the page was shown: then the person is asked again.
            guard try form.optional("shown", bytesMax: 16_384) == Self.shown(asked) else {
                return try render(asked, handle: handle, session: session)
            }
            return try await allow(asked, handle: handle, session: session, waiting: waiting, context, now: now)
        default:
            throw OAuthError.invalidRequest("decision must be allow or deny")
        }
    }

    private func allow(
        _ asked: AuthorizationRequest, handle: String, session: Session, waiting: AuthorizationRequestStore.Waiting,
        _ context: GatehouseContext, now: Date
    ) async throws -> Response {
        // Everything but the consent itself is judged again: the sign-in may have grown too old meanwhile.
        let judgement = AuthorizationJudgement(
            request: asked, session: session, remembered: asked.disclosed, startedAt: waiting.createdAt, hasSelectedAccount: true, now: now)
        switch judgement.judge() {
        case .approve, .consent:
            return try await issuer.approve(
                asked, session: session, waiting: waiting.id, remembering: asked.client.canRememberConsent, address: context.clientAddress,
                now: now)
        case .refuse(let error):
            return try await issuer.refuse(error, asked.target, waiting: waiting.id, address: context.clientAddress, now: now)
        case .signIn, .selectAccount:
            // The sign-in has grown too old for what the application asks.
            return Reply.redirect(to: AuthorizeEndpoint.address(handle))
        }
    }

    /// What an "Allow" is an answer to.
    private static func shown(_ asked: AuthorizationRequest) -> String {
        (asked.disclosed.array.sorted() + asked.audiences.sorted() + [asked.target.address]).joined(separator: " ")
    }

    func render(_ asked: AuthorizationRequest, handle: String, session: Session) throws -> Response {
        let client = asked.client
        return try pages.render(
            "Consent/consent",
            [
                "action": Self.path,
                "csrfToken": csrf.token(for: session.tokenText),
                "hidden": PageModel.fields([("request", handle), ("shown", Self.shown(asked))]),
                "user": ["name": session.user.displayName, "email": session.user.email] as PageModel,
                "client": client.page.model,
                "scopes": ScopeDescriptions(settings: settings).describe(asked.disclosed),
                "remember": client.canRememberConsent,
                "redirectHost": asked.target.redirectURI.displayName,
            ],
            policy: PagePolicy(
                imageURIs: client.metadata.logoURI.best().map { [$0] } ?? [], formTargetURIs: [asked.target.address] + client.onwardTargets,
                isIsolated: !asked.target.isPopup))
    }

    /// Finds a stored request; it is to be checked again, since the client or the settings may have changed.
    func requireWaiting(
        _ handle: String, browser: BrowserBinding, now: Date
    ) async throws -> (AuthorizationRequestStore.Waiting, AuthorizationTarget, OAuthProtocol.Parameters) {
        guard let waiting = try await AuthorizationRequestStore(database).find(handle: handle, browser: browser, now: now) else {
            throw AuthorizationIssuer.answered
        }
        let parameters = try OAuthProtocol.Parameters(urlEncoded: waiting.parameters.utf8)
        return (waiting, try await checks.target(parameters), parameters)
    }
}
