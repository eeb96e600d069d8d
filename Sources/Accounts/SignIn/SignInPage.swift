import Audit
import FoundationEssentials
import Guard
import Hummingbird
import Keys
import OAuthProtocol
import Postgres
import Runtime
import Web

/// `/sign-in`: shows the step that comes next, takes its form, and comes back to ``SignIn/nextStep`` until nothing is left.
package struct SignInPage: Sendable {
    package static let forgetPath = SignInFlow.path + "/forget-identity"

    let flow: SignInFlow
    let database: Database
    let sessions: Sessions
    let password: PasswordStep
    let limits: SignInLimits
    /// Pages that wait for a person are kept, so one address can open only so many.
    let limiter: RateLimiter
    let devices: DeviceCookies
    let federation: Federation
    let csrf: CSRFTokens
    let pages: Pages
    let site: Site
    let audit: AuditStore
    let randomness: any Randomness
    let clock: any WallClock

    package init(
        flow: SignInFlow, database: Database, sessions: Sessions, hasher: PasswordHasher, limits: SignInLimits, limiter: RateLimiter,
        devices: DeviceCookies, federation: Federation, csrf: CSRFTokens,
        pages: Pages,
        site: Site, audit: AuditStore, randomness: any Randomness, clock: any WallClock
    ) {
        self.flow = flow
        self.database = database
        self.sessions = sessions
        self.password = PasswordStep(database: database, hasher: hasher)
        self.limits = limits
        self.limiter = limiter
        self.devices = devices
        self.federation = federation
        self.csrf = csrf
        self.pages = pages
        self.site = site
        self.audit = audit
        self.randomness = randomness
        self.clock = clock
    }

    /// `GET /sign-in`
    package func show(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let query = try Form.query(request)
        guard let handle = try query.optional("flow", bytesMax: 128) else {
            return try await start(request, context, now: now)
        }
        guard let browser = BrowserBinding.read(request, site: site),
            let signIn = try await SignInStore(database).find(handle: handle, browser: browser, now: now)
        else { throw Self.expired }
        if signIn.notice == nil, let provider = try await SignInOffer(federation: federation).homeRealm(of: signIn) {
            return Reply.redirect(to: FederationPage.startPath(provider: provider.id, flow: signIn.handle))
        }
        return try await render(signIn, request, browser: browser, login: signIn.loginHint ?? "", now: now)
    }

    /// `POST /sign-in`
    package func submit(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let form = try await Form.read(request, context)
        let browser = try csrf.check(form, request, browser: BrowserBinding.read(request, site: site), site: site)
        guard
            let signIn = try await SignInStore(database).find(
                handle: try form.required("flow", bytesMax: 128), browser: browser, now: now)
        else { throw Self.expired }
        let login = (try? form.optional("username", bytesMax: 256)) ?? nil
        let secret = (try? form.optional("password", bytesMax: 1_024)) ?? nil
        if let login, secret == nil, let provider = try await SignInOffer(federation: federation).homeRealm(of: login) {
            return try showProvider(provider, signIn, login: login)
        }
        guard let login, let secret else {
            return try await render(
                signIn, request, browser: browser, login: login ?? "", error: "Enter your username and your password.", now: now)
        }
        guard let user = try await check(login: login, password: secret, request, context, now: now) else {
            try await audit.insert(
                AuditEvent(.signInRefused, address: context.clientAddress, detail: ["factor": "pwd"]), now: now, in: database)
            return try await render(
                signIn, request, browser: browser, login: login, error: "The username or the password is not right.", now: now)
        }
        if let pending = try await federation.pending(signIn.id), pending.userID != user.id {
            return try await render(
                signIn, request, browser: browser, login: login, error: "That is another account than the one to be linked.", now: now)
        }
        var proven = signIn
        proven.userID = user.id
        proven.completed = ["pwd"]
        var response = try await SignInDispatch(database: database, sessions: sessions, federation: federation).advance(
            proven, request, context, now: now)
        // Ahead of the session's: simple clients keep the last cookie of an answer only.
        response.headers.insert(contentsOf: devices.remember(login, request, randomness: randomness, now: now), at: 0)
        return response
    }

    /// - Returns: the person; nil counts as a guess.
    private func check(login: String, password: String, _ request: Request, _ context: GatehouseContext, now: Date) async throws -> User? {
        let attempt = SignInLimits.Attempt(
            login: login.lowercased(), address: context.limitKey, device: devices.find(login, request, now: now))
        try limits.take(attempt, noting: context.rateLimits, now: now)
        do {
            let user = try await self.password.check(login: login, password: password)
            if user != nil { limits.giveBack(attempt) }
            return user
        } catch {
            // Nothing was compared.
            limits.giveBack(attempt)
            throw error
        }
    }

    /// `POST /sign-in/continue`: the person goes on as who they are signed in as already.
    package func continueAsPresent(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let form = try await Form.read(request, context)
        let browser = try csrf.check(form, request, browser: BrowserBinding.read(request, site: site), site: site)
        guard
            let signIn = try await SignInStore(database).find(
                handle: try form.required("flow", bytesMax: 128), browser: browser, now: now),
            signIn.offersPresentAccount
        else { throw Self.expired }
        return Reply.redirect(to: signIn.returnTo + "&account=current")
    }

    /// `POST /sign-in/forget-identity`: the person does not want the identity linked that waits for their proof.
    package func forgetIdentity(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let form = try await Form.read(request, context)
        let browser = try csrf.check(form, request, browser: BrowserBinding.read(request, site: site), site: site)
        guard
            let signIn = try await SignInStore(database).find(
                handle: try form.required("flow", bytesMax: 128), browser: browser, now: now)
        else { throw Self.expired }
        try await federation.forget(signIn.id)
        return Reply.redirect(to: "\(SignInFlow.path)?flow=\(signIn.handle)")
    }

    /// People of this address are signed in elsewhere. A page in between, since a form may not lead there (`form-action`).
    private func showProvider(_ provider: FederationProvider, _ signIn: SignIn, login: String) throws -> Response {
        let path = FederationPage.startPath(provider: provider.id, flow: signIn.handle, loginHint: login)
        return try pages.render(
            "SignIn/provider", ["provider": provider.name, "href": path, "client": signIn.client?.page.model],
            policy: signIn.client?.pagePolicy ?? PagePolicy())
    }

    /// Somebody opened the page by itself.
    private func start(_ request: Request, _ context: GatehouseContext, now: Date) async throws -> Response {
        try limiter.require(context.limitKey, noting: context.rateLimits, now: now)
        let browser = BrowserBinding.readOrCreate(request, site: site, randomness: randomness)
        let path = try await flow.begin(returnTo: "/", browser: browser, now: now)
        return Reply.redirect(to: path, setting: browser.newCookie)
    }

    private func render(
        _ signIn: SignIn, _ request: Request, browser: BrowserBinding, login: String, error: String? = nil, now: Date
    ) async throws -> Response {
        let present = signIn.offersPresentAccount ? try await sessions.find(request, now: now)?.user : nil
        let offer = SignInOffer(federation: federation)
        let linking = try await offer.linking(signIn)
        var model: PageModel = [
            "action": SignInFlow.path,
            "csrfToken": csrf.token(for: browser.value),
            "hidden": PageModel.fields([("flow", signIn.handle)]),
            "username": login.isEmpty ? linking?.address ?? "" : login,
            "error": error,
            "client": signIn.client?.page.model,
            "continueAs": present.map { ["name": $0.displayName, "action": SignInFlow.path + "/continue"] as PageModel },
            "linking": linking?.model,
            "notice": try await offer.notice(signIn),
        ]
        try await offer.addProviders(to: &model, for: signIn)
        return try pages.render(
            "SignIn/sign-in", model,
            status: error == nil ? .ok : .unprocessableContent, policy: signIn.client?.pagePolicy ?? PagePolicy())
    }

    private static let expired = OAuthError.invalidRequest("This sign-in page has expired or belongs to another browser.")
}
