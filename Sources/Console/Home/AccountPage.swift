import Accounts
import FoundationEssentials
import Guard
import Hummingbird
import OAuthProtocol
import Postgres
import Runtime
import Web

/// `/account`: what a signed-in person sees and changes of their own account: ways to sign in, and browsers that are signed in.
///
/// How a person signs in is changed only shortly after they have proven themselves, so that a browser left open gives nobody a key of their own.
package struct AccountPage: Sendable {
    package static let path = "/account"
    package static let confirmPath = path + "/confirm"
    package static let unlinkPath = path + "/unlink"
    package static let endPath = path + "/sessions/end"

    let sessions: Sessions
    let signIn: SignInFlow
    let directory: FederationDirectory
    let links: FederationLinks
    let federation: FederationPage
    let database: Database
    /// Sign-ins that wait for a person are kept, so one address can begin only so many.
    let limiter: RateLimiter
    let csrf: CSRFTokens
    let pages: Pages
    let site: Site
    let randomness: any Randomness
    let clock: any WallClock

    package init(
        sessions: Sessions, signIn: SignInFlow, directory: FederationDirectory, links: FederationLinks, federation: FederationPage,
        database: Database, limiter: RateLimiter, csrf: CSRFTokens, pages: Pages, site: Site, randomness: any Randomness,
        clock: any WallClock
    ) {
        self.sessions = sessions
        self.signIn = signIn
        self.directory = directory
        self.links = links
        self.federation = federation
        self.database = database
        self.limiter = limiter
        self.csrf = csrf
        self.pages = pages
        self.site = site
        self.randomness = randomness
        self.clock = clock
    }

    /// `GET /account`
    package func show(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let query = try Form.query(request)
        guard let session = try await sessions.find(request, now: now) else {
            return try await askToSignIn(nil, request, context, now: now)
        }
        let choices = try await directory.choices()
        let names = Dictionary(choices.map { ($0.id, $0.name) }) { first, _ in first }
        let overview = AccountOverview(
            session: session, identities: try await FederationStore(database).list(of: session.user.id), choices: choices,
            sessions: try await sessions.list(of: session.user.id, now: now), notice: AccountNotice(query, names: names),
            isRecent: session.isRecent(now: now))
        let token = federation.linkToken(for: session)
        return try pages.render(
            "Console/account",
            overview.model(csrfToken: csrf.token(for: session.tokenText)) { FederationPage.linkPath(provider: $0.id, token: token) })
    }

    /// `POST /account/confirm`: the person proves themselves anew, and comes back.
    package func confirm(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let (_, session) = try await receive(request, context, now: now)
        return try await askToSignIn(session, request, context, now: now)
    }

    /// `POST /account/unlink`: an identity at a provider no longer signs the person in.
    package func unlink(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let (form, posted) = try await receive(request, context, now: now)
        guard let session = posted, session.isRecent(now: now) else { return try await askToSignIn(posted, request, context, now: now) }
        let id = try Self.id(try form.required("identity", bytesMax: 36))
        let identity = try await FederationStore(database).find(id: id, of: session.user.id)
        switch try await links.unlink(id, of: session.user.id, sparing: session.id, address: context.clientAddress, now: now) {
        case .unlinked: return Self.back(("unlinked", identity?.providerID ?? ""))
        // Another tab was faster.
        case .unknown: return Self.back()
        case .lastWayToSignIn: return Self.back(("notice", AccountNotice.lastWayWord))
        }
    }

    /// `POST /account/sessions/end`: signs another browser out, or all others. It takes nothing from the person, so it needs no proof anew.
    package func endSession(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let (form, posted) = try await receive(request, context, now: now)
        guard let session = posted else { return try await askToSignIn(nil, request, context, now: now) }
        let wanted = try form.required("session", bytesMax: 36)
        let id = try wanted == "others" ? nil : Self.id(wanted)
        // Only of this list: what isn't the person's own is nobody's business here.
        let others = try await sessions.list(of: session.user.id, now: now).filter { $0.id != session.id && (id == nil || $0.id == id) }
        for other in others {
            try await sessions.end(
                other.id, of: session.user.id, reason: "ended on the account page", address: context.clientAddress, now: now)
        }
        return others.isEmpty ? Self.back() : Self.back(("notice", AccountNotice.sessionsEndedWord))
    }

    /// What every form of this page passes: it was sent from here, by the person who is signed in.
    /// - Returns: no session where the person has been signed out meanwhile.
    private func receive(
        _ request: Request, _ context: GatehouseContext, now: Date
    ) async throws -> (form: OAuthProtocol.Parameters, session: Session?) {
        let form = try await Form.read(request, context)
        try FormOrigin.check(request, site: site)
        guard let session = try await sessions.find(request, now: now) else { return (form, nil) }
        try csrf.check(try form.optional(CSRFTokens.fieldName), binding: session.tokenText)
        return (form, session)
    }

    /// - Parameter session: of whom it is asked; nil: of anybody.
    private func askToSignIn(
        _ session: Session?, _ request: Request, _ context: GatehouseContext, now: Date
    ) async throws -> Response {
        try limiter.require(context.limitKey, noting: context.rateLimits, now: now)
        let browser = BrowserBinding.readOrCreate(request, site: site, randomness: randomness)
        // A provider is asked to have them prove themselves too: with its own session of this morning they would be here again at once.
        let address = try await signIn.begin(
            returnTo: Self.path, loginHint: session?.user.username, upstream: UpstreamHints(prompt: session == nil ? nil : "login"),
            browser: browser, now: now)
        return Reply.redirect(to: address, setting: browser.newCookie)
    }

    private static func id(_ text: String) throws(OAuthError) -> UUID {
        guard let id = UUID(uuidString: text) else { throw .invalidRequest("The form names nothing of this account.") }
        return id
    }

    private static func back(_ word: (String, String)? = nil) -> Response {
        Reply.redirect(to: word.map { "\(path)?\(OAuthProtocol.Parameters.encode([$0]))" } ?? path)
    }
}
