import FoundationEssentials
import HTTPTypes
import Hummingbird
import OAuthProtocol
import Runtime
import Web

/// Every address of the application on one screen.
struct DemoRoutes: Sendable {
    let settings: DemoSettings
    let site: Site
    let pages: Pages
    let signIn: DemoSignIn
    let sessions: DemoSessions
    let clock: any WallClock
    let randomness: any Randomness

    func add(to router: Router<GatehouseContext>) {
        router.get("/") { request, _ in try guarded { try home(request) } }
        router.get("/sign-in") { request, _ in try await guarded { try await begin(request) } }
        router.get("/callback") { request, _ in try await guarded { try await finish(request) } }
        router.post("/refresh") { request, context in
            try await guarded {
                try await change(request, context, "The tokens were refreshed.") { person, now in try await signIn.refresh(person, now: now)
                }
            }
        }
        router.post("/userinfo") { request, context in
            try await guarded {
                try await change(request, context, "Userinfo answered.") { person, now in
                    var person = person
                    person.userInfo = try await signIn.userInfo(person, now: now)
                    return person
                }
            }
        }
        router.post("/sign-out") { request, context in try await guarded { try await signOut(request, context) } }
    }

    private func home(_ request: Request) throws -> Response {
        let now = clock.now
        guard let id = cookie.read(request), let session = sessions.find(id, now: now) else {
            return try pages.render("home", DemoHomePage.model(settings, session: nil, now: now))
        }
        _ = sessions.update(id) { $0.notice = nil }
        // Signing out posts here and is sent on to the identity server, which the policy must allow.
        return try pages.render(
            "home", DemoHomePage.model(settings, session: session, now: now), policy: .init(formTargetURIs: [settings.issuer]))
    }

    private func begin(_ request: Request) async throws -> Response {
        let now = clock.now
        let pending = signIn.begin(randomness, now: now)
        let location = try await signIn.authorizationURI(pending, now: now)
        var newCookie: HTTPField?
        if let id = cookie.read(request), sessions.find(id, now: now) != nil {
            // Several tabs may be signing in at once, but not any number.
            _ = sessions.update(id) { $0.pending = $0.pending.suffix(Self.pendingMax - 1) + [pending] }
        } else {
            newCookie = start(DemoSession(csrfToken: token(), pending: [pending], usedAt: now))
        }
        return Reply.redirect(to: location, setting: newCookie)
    }

    private func finish(_ request: Request) async throws -> Response {
        let now = clock.now
        let answer = try Form.query(request)
        let state = try answer.optional("state")
        let id = cookie.read(request)
        // The state is spent here, whatever comes of it.
        let pending = id.flatMap { id in
            sessions.update(id) { session -> DemoSession.Pending? in
                guard let index = session.pending.firstIndex(where: { $0.state == state }) else { return nil }
                return session.pending.remove(at: index)
            }
        }
        let person = try await signIn.finish(answer, pending: pending ?? nil, now: now)
        // A new identifier at sign-in: whoever knew the old one stays outside.
        if let id { sessions.remove(id) }
        return Reply.redirect(
            to: "/", setting: start(DemoSession(csrfToken: token(), person: person, notice: "You are signed in.", usedAt: now)))
    }

    /// Checks a button's form, lets `work` change who is signed in, and shows the page again.
    private func change(
        _ request: Request, _ context: GatehouseContext, _ notice: String,
        _ work: (DemoSession.Person, Date) async throws -> DemoSession.Person
    ) async throws -> Response {
        let now = clock.now
        let (id, person) = try await requirePerson(request, context, now: now)
        let changed = try await work(person, now)
        _ = sessions.update(id) {
            $0.person = changed
            $0.notice = notice
        }
        return Reply.redirect(to: "/")
    }

    private func signOut(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let (id, person) = try await requirePerson(request, context, now: now)
        sessions.remove(id)
        // Signed out here in any case; at the server too where it can be reached.
        let location = (try? await signIn.endSessionURI(person, now: now)) ?? nil
        return Reply.redirect(to: location ?? "/", setting: cookie.clear())
    }

    private func requirePerson(
        _ request: Request, _ context: GatehouseContext, now: Date
    ) async throws -> (id: String, person: DemoSession.Person) {
        try FormOrigin.check(request, site: site)
        let form = try await Form.read(request, context)
        guard let id = cookie.read(request), let session = sessions.find(id, now: now), let person = session.person else {
            throw DemoFailure(title: "Nobody is signed in", message: "Your session here has ended. Please sign in again.")
        }
        guard let presented = try form.optional(CSRFTokens.fieldName), ConstantTime.equal(presented, session.csrfToken) else {
            throw OAuthError.forbidden("The form has expired.")
        }
        return (id, person)
    }

    private func start(_ session: DemoSession) -> HTTPField {
        let id = token()
        sessions.insert(session, id: id)
        return cookie.set(id)
    }

    private var cookie: CookieRecipe { CookieRecipe(name: "demo_session", site: site) }

    private func token() -> String { Base64URL.encode(randomness.bytes(32)) }

    private static let pendingMax = 8

    private func guarded(_ work: () throws -> Response) throws -> Response {
        do { return try work() } catch let failure as DemoFailure { return try page(failure) }
    }

    private func guarded(_ work: () async throws -> Response) async throws -> Response {
        do { return try await work() } catch let failure as DemoFailure { return try page(failure) }
    }

    private func page(_ failure: DemoFailure) throws -> Response {
        try pages.render(
            "failure", ["title": failure.title, "message": failure.message, "code": failure.code],
            status: .init(code: failure.status))
    }
}
