import Audit
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Keys
import OAuthProtocol
import Web

/// `/gateway/check/<dialect>`: a proxy asks whether the request that it holds may pass, and who sent it.
///
/// Nobody but our proxies may ask: whoever could would learn what every credential is worth. The rule is found first, from host, path and
/// method alone; then the caller, by what the rule takes; then the pure judgement. With everything in memory nothing waits.
package struct ForwardAuthEndpoint: Sendable {
    package static let pathPrefix = "/gateway/check/"

    private let settings: ForwardAuthSettings
    private let rules: ForwardAuthRules
    private let proxies: ForwardAuthProxies
    private let browserOrigins: Set<String>
    private let callers: CallerAuthentication
    private let sessions: DoorSessions
    private let identities: ForwardAuthIdentities
    private let tally: AuditTally

    package init(
        settings: ForwardAuthSettings, site: Site, callers: CallerAuthentication, sessions: DoorSessions, keys: KeyRing, tally: AuditTally
    ) {
        self.settings = settings
        rules = ForwardAuthRules(settings.rules)
        proxies = ForwardAuthProxies(settings.proxies)
        browserOrigins = Set(settings.browserOrigins)
        self.callers = callers
        self.sessions = sessions
        identities = ForwardAuthIdentities(issuer: site.issuer, keys: keys)
        self.tally = tally
    }

    /// Whether a request is a proxy's question.
    package func isMeant(by head: HTTPRequest) -> Bool { head.path?.utf8.starts(with: Self.pathPrefix.utf8) ?? false }

    /// Answers from memory alone, on whatever thread asks.
    /// - Parameters:
    ///   - head: the proxy's request, whose path begins with ``pathPrefix``.
    ///   - peer: the numeric address of whoever is connected.
    /// - Returns: nil where something has to be looked up first: ``answer(_:from:now:)`` does.
    package func answerInPlace(_ head: HTTPRequest, from peer: String, now: Date) -> Response? {
        switch begin(head, from: peer) {
        case .ended(let response): return response
        case .asked(let question, let reply):
            do {
                guard let found = try callerInPlace(question, now: now) else { return nil }
                return try finish(found, question, reply, now: now)
            } catch {
                return end(error, reply)
            }
        }
    }

    /// As ``answerInPlace(_:from:now:)``, with what has to be looked up.
    package func answer(_ head: HTTPRequest, from peer: String, now: Date) async -> Response {
        switch begin(head, from: peer) {
        case .ended(let response): return response
        case .asked(let question, let reply):
            do {
                let found: Caller?
                if let held = try callerInPlace(question, now: now) {
                    found = held
                } else {
                    found = try await caller(question, now: now)
                }
                return try finish(found, question, reply, now: now)
            } catch {
                return end(error, reply)
            }
        }
    }

    // MARK: The question

    private enum Beginning {
        case ended(Response)
        case asked(ForwardAuthQuestion, ForwardAuthReply)
    }

    private func begin(_ head: HTTPRequest, from peer: String) -> Beginning {
        guard let (dialect, appended) = ForwardAuthDialects.find(path: head.path ?? "") else {
            return .ended(ErrorReply.json(.notFound()))
        }
        let reply = ForwardAuthReply(passesAnswersOn: dialect.passesAnswersOn)
        do {
            guard proxies.contains(peer) else { throw ForwardAuthRefusal(.untrustedProxy) }
            let check = ForwardAuthCheck(
                head: head, appended: appended, proxies: proxies, certificates: settings.certificates)
            let evidence: CallerEvidence
            do {
                evidence = try dialect.evidence(check)
            } catch {
                throw ForwardAuthRefusal(.malformed, detail: error.description)
            }
            return .asked(try ForwardAuthQuestion(evidence, rules: rules), reply)
        } catch {
            return .ended(end(error, reply))
        }
    }

    // MARK: The caller

    private func callerInPlace(_ question: ForwardAuthQuestion, now: Date) throws -> Caller?? {
        guard let shown = try callers.findInPlace(question.evidence, demand: question.rule.demand(origin: question.origin), now: now) else {
            return nil
        }
        guard shown == nil, let token = sessionToken(question) else { return .some(shown) }
        return sessions.findInPlace(token, origin: question.origin, now: now).map { $0?.caller }
    }

    private func caller(_ question: ForwardAuthQuestion, now: Date) async throws -> Caller? {
        let demand = question.rule.demand(origin: question.origin)
        if let caller = try await callers.find(question.evidence, demand: demand, now: now) { return caller }
        guard let token = sessionToken(question) else { return nil }
        return try await sessions.find(token, origin: question.origin, now: now)?.caller
    }

    /// Cookies come by themselves: a session counts only where the rule serves browsers, and where nothing else was shown.
    private func sessionToken(_ question: ForwardAuthQuestion) -> String? {
        guard question.rule.requirements.proofs.contains(.session) else { return nil }
        return DoorSessions.cookie(isSecure: question.isSecure).read(question.evidence.headers)
    }

    // MARK: The answer

    private func finish(_ caller: Caller?, _ question: ForwardAuthQuestion, _ reply: ForwardAuthReply, now: Date) throws -> Response {
        switch ForwardAuthJudgement(rule: question.rule, caller: caller).judge() {
        case .allowed(let caller):
            let fields = try identities.fields(for: caller, origin: question.origin, now: now)
            tally.count(.doorAllowed, clientID: caller?.clientID)
            return reply.allowed(fields)
        case .unproven(let error):
            tally.count(.doorRefused, clientID: nil, reason: "no_proof")
            return reply.unproven(error, signIn: signIn(question))
        case .refused(let refusal):
            tally.count(.doorRefused, clientID: caller?.clientID, reason: refusal.reason.rawValue)
            return reply.refused(refusal)
        }
    }

    /// Where a person's browser signs in, on the protected host itself; it comes back to where it was going.
    private func signIn(_ question: ForwardAuthQuestion) -> String? {
        guard question.rule.servesBrowsers, question.isNavigation, browserOrigins.contains(question.origin) else { return nil }
        return question.origin + DoorSignInPage.signInPath + "?"
            + OAuthProtocol.Parameters.encode([("return", DoorSignIn.returnTarget(question.evidence.requestTarget))])
    }

    private func end(_ error: any Error, _ reply: ForwardAuthReply) -> Response {
        if let refusal = error as? ForwardAuthRefusal {
            tally.count(.doorRefused, clientID: nil, reason: refusal.reason.rawValue)
            return reply.refused(refusal)
        }
        let error = ErrorReply.classify(error)
        guard error.status < 500 else { return reply.failed(error) }
        if error.code == .tooManyRequests {
            tally.count(.doorRefused, clientID: nil, reason: ForwardAuthRefusal.Reason.rateLimited.rawValue)
            return reply.refused(ForwardAuthRefusal(.rateLimited, retryAfter: error.retryAfter))
        }
        // The private reasons of refused proofs are words of ours, never the sender's.
        tally.count(.doorRefused, clientID: nil, reason: error.privateReason ?? error.code.rawValue)
        var unproven = error
        if unproven.challenge == nil { unproven.challenge = .bearer(error: error.code) }
        return reply.unproven(unproven, signIn: nil)
    }
}
