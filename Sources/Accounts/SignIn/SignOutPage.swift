import FoundationEssentials
import Hummingbird
import OAuthProtocol
import Runtime
import Web

/// `/sign-out`: asks, ends the session, and says so.
package struct SignOutPage: Sendable {
    package static let path = "/sign-out"

    let sessions: Sessions
    let csrf: CSRFTokens
    let pages: Pages
    let site: Site
    let clock: any WallClock

    package init(sessions: Sessions, csrf: CSRFTokens, pages: Pages, site: Site, clock: any WallClock) {
        self.sessions = sessions
        self.csrf = csrf
        self.pages = pages
        self.site = site
        self.clock = clock
    }

    /// `GET /sign-out`
    package func show(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        guard let session = try await sessions.find(request, now: clock.now) else { return try signedOut(request) }
        return try ask(session, action: Self.path)
    }

    /// `POST /sign-out`
    package func submit(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let form = try await Form.read(request, context)
        guard let session = try await sessions.find(request, now: now) else { return try signedOut(request) }
        try FormOrigin.check(request, site: site)
        // The person has signed in again since the question was shown: it is asked anew.
        guard csrf.isRight(try form.optional(CSRFTokens.fieldName), binding: session.tokenText) else {
            return try ask(session, action: Self.path)
        }
        guard try form.optional("decision") != "stay" else { return Reply.redirect(to: "/") }
        try await sessions.end(session.id, of: session.user.id, reason: "signed out", address: context.clientAddress, now: now)
        return try signedOut(request)
    }

    /// The question, for this page and for logout that an application asks for.
    /// - Parameters:
    ///   - hidden: fields to post back with the answer.
    ///   - formTargets: where the answer may lead, for `form-action`.
    package func ask(
        _ session: Session, action: String, hidden: [(String, String)] = [], client: PageClient? = nil, formTargets: [String] = []
    ) throws -> Response {
        try pages.render(
            "SignIn/sign-out",
            [
                "action": action,
                "csrfToken": csrf.token(for: session.tokenText),
                "hidden": PageModel.fields(hidden),
                "name": session.user.displayName,
                "client": client?.model,
            ], policy: PagePolicy(imageURIs: client?.logoURI.map { [$0] } ?? [], formTargetURIs: formTargets))
    }

    /// The last word; the browser's cookie goes with it.
    /// - Parameter returnURI: proven; the person may go back there.
    package func signedOut(_ request: Request, returnURI: String? = nil, client: PageClient? = nil) throws -> Response {
        var response = try pages.render("SignIn/signed-out", ["returnURI": returnURI, "client": client?.model])
        if let cookie = sessions.clearedCookie(for: request) { response.headers.append(cookie) }
        return response
    }
}
