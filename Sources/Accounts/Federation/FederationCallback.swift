import Audit
import FoundationEssentials
import Hummingbird
import OAuthProtocol
import Web

// And back.
extension FederationPage {
    static let expired = OAuthError.invalidRequest("This sign-in page has expired or belongs to another browser.")

    /// `POST /sign-in/callback/{provider}`: a form from the provider's site (`response_mode=form_post`). It comes without our cookies, so it is
    /// kept and the browser sent on to a GET, which brings them. Only what somebody is waiting for is kept.
    package func deliver(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let provider = try await requireProvider(context)
        let form = try await Form.read(request, context)
        let answer = try FederationAnswer(form)
        let store = FederationFlowStore(federation.database, masterKeys: federation.masterKeys)
        guard let found = try await store.find(state: answer.state, now: now), found.flow.providerID == provider.id else {
            throw Self.expired
        }
        try await store.deliver(try FederationAnswer.kept(form), to: found.flow.id, randomness: federation.randomness)
        return Reply.redirect(to: "\(Self.callbackPrefix)/\(provider.id)?\(OAuthProtocol.Parameters.encode([("state", answer.state)]))")
    }

    /// `GET /sign-in/callback/{provider}`
    package func callback(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let provider = try await requireProvider(context)
        var answer = try FederationAnswer(try Form.query(request))
        let store = FederationFlowStore(federation.database, masterKeys: federation.masterKeys)
        // The state is the provider's that was asked, and the browser's that asked: an answer to anybody else's question is none (RFC 9700 §4.4, §4.7).
        guard let found = try await store.find(state: answer.state, now: now), found.flow.providerID == provider.id,
            let browser = BrowserBinding.read(request, site: site), browser.holds(found.browser)
        else { throw Self.expired }
        if answer.isEmpty, let delivery = found.delivery {
            answer = try FederationAnswer(try OAuthProtocol.Parameters(urlEncoded: delivery))
        }
        // Once: from here on the state is worth nothing.
        guard try await store.consume(found.flow.id) else { throw Self.expired }

        let profile: FederationProfile
        let tokens: UpstreamTokens
        do throws(FederationFailure) {
            (profile, tokens) = try await identify(answer, found.flow, provider)
        } catch {
            return try await fail(error, provider, found.flow, address: context.clientAddress, now: now)
        }
        // The provider has taken its time.
        let later = clock.now
        switch found.flow.purpose {
        case .signIn:
            guard let handle = found.flow.handle,
                let signIn = try await SignInStore(federation.database).find(handle: handle, browser: browser, now: later)
            else { throw Self.expired }
            return try await conclude(signIn, profile, tokens, provider, found.flow, request, context, now: later)
        case .link(let sessionID):
            guard let session = try await sessions.find(request, now: later), session.id == sessionID else { throw Self.expired }
            return try await link(profile, tokens, provider, to: session, context, now: later)
        }
    }

    private func identify(
        _ answer: FederationAnswer, _ flow: FederationFlow, _ provider: FederationProvider
    ) async throws(FederationFailure) -> (FederationProfile, UpstreamTokens) {
        let code = try answer.check(provider, try await federation.documents.endpoints(provider, now: clock.now))
        let exchange = FederationExchange(
            provider: provider, documents: federation.documents, outbound: federation.outbound, randomness: federation.randomness)
        var redeemed = try await exchange.redeem(
            code, flow: flow, form: answer.user, redirectURI: redirectURI(provider), clock: clock)
        // Asked for and judged, so by our clock it was after the question, whatever the provider's says.
        if flow.asksForProof { redeemed.profile.authenticatedAt = redeemed.profile.authenticatedAt.map { max($0, flow.createdAt) } }
        return redeemed
    }

    private func conclude(
        _ signIn: SignIn, _ profile: FederationProfile, _ tokens: UpstreamTokens, _ provider: FederationProvider, _ flow: FederationFlow,
        _ request: Request, _ context: GatehouseContext, now: Date
    ) async throws -> Response {
        let outcome = try await FederationSignIn(federation: federation).conclude(
            profile, tokens: tokens, at: provider, signInID: signIn.id, address: context.clientAddress, now: now)
        switch outcome {
        case .proven(let userID, let methods, let session):
            // Should the application ask for somebody else, the person chooses; the provider alone would answer the same for ever.
            try await SignInStore(federation.database).note(signIn.id, notice: .providerTried, providerID: nil)
            var proven = signIn
            proven.userID = userID
            proven.completed = methods
            let dispatch = SignInDispatch(database: federation.database, sessions: sessions, federation: federation)
            return try await dispatch.advance(proven, federated: session, request, context, now: now)
        case .pending(let notice):
            try await SignInStore(federation.database).note(signIn.id, notice: notice, providerID: provider.id)
            return Reply.redirect(to: "\(SignInFlow.path)?flow=\(signIn.handle)")
        case .refused(let notice):
            let failure = FederationFailure(notice: notice, reason: notice.rawValue)
            return try await fail(failure, provider, flow, address: context.clientAddress, now: now)
        }
    }

    private func link(
        _ profile: FederationProfile, _ tokens: UpstreamTokens, _ provider: FederationProvider, to session: Session,
        _ context: GatehouseContext, now: Date
    ) async throws -> Response {
        let kept = provider.keepsTokens ? tokens : nil
        let identity = try await federation.database.transaction { transaction in
            try await federation.links.link(
                profile, tokens: kept, with: session.user.id, at: provider, proof: "session", address: context.clientAddress,
                in: transaction, now: now)
        }
        return Self.accountReply(notice: identity == nil ? .identityTaken : nil, provider: provider)
    }

    /// Back to where the person came from, with a word on what happened: the other ways to sign in still work.
    func fail(
        _ failure: FederationFailure, _ provider: FederationProvider, _ flow: FederationFlow, address: String, now: Date
    ) async throws -> Response {
        try await federation.audit.insert(
            AuditEvent(.federationRefused, address: address, detail: ["provider": provider.id, "reason": failure.reason]), now: now,
            in: federation.database)
        guard case .signIn(let signInID) = flow.purpose, let handle = flow.handle else {
            return Self.accountReply(notice: failure.notice, provider: provider)
        }
        try await SignInStore(federation.database).note(signInID, notice: failure.notice, providerID: provider.id)
        return Reply.redirect(to: "\(SignInFlow.path)?flow=\(handle)")
    }

    private static func accountReply(notice: FederationNotice?, provider: FederationProvider) -> Response {
        let pairs = notice.map { [("notice", $0.rawValue), ("provider", provider.id)] } ?? [("linked", provider.id)]
        return Reply.redirect(to: "\(accountPath)?\(OAuthProtocol.Parameters.encode(pairs))")
    }

    func requireProvider(_ context: GatehouseContext) async throws -> FederationProvider {
        guard let id = context.parameters.get("provider"), let provider = try await federation.directory.find(id) else {
            throw OAuthError.notFound()
        }
        return provider
    }

    /// One for each provider, so that an answer tells by its address alone whose it is (RFC 9700 §4.4.2.2).
    func redirectURI(_ provider: FederationProvider) -> String { "\(site.issuer)\(Self.callbackPrefix)/\(provider.id)" }
}
