import Accounts
import Audit
import FoundationEssentials
import Hummingbird
import Keys
import OAuthProtocol
import Postgres
import Runtime

/// Gives the code, once every step is behind the person.
struct AuthorizationIssuer: Sendable {
    let settings: OAuthSettings
    let database: Database
    let audit: AuditStore
    let randomness: any Randomness
    let reply: AuthorizationReply

    /// - Parameters:
    ///   - waiting: the stored request that this answers, consumed with it.
    ///   - remembering: whether the person has just consented and may be spared the question next time.
    /// - Throws: `invalid_request` when the stored request was answered already; `PostgresError`.
    func approve(
        _ request: AuthorizationRequest, session: Session, waiting: UUID? = nil, remembering: Bool = false, address: String, now: Date
    ) async throws -> Response {
        let code = AuthorizationCode(
            token: OpaqueToken.generate(randomness: randomness, prefix: AuthorizationCode.prefix), grantID: randomness.uuid(at: now),
            clientID: request.client.id, userID: session.user.id, sessionID: session.id,
            isOffline: request.scopes.contains(ScopeSet.offlineAccess), scopes: request.scopes, audiences: request.audiences,
            claims: request.claims?.namesOnly, authenticatedAt: session.authenticatedAt,
            methods: AuthenticationContext.methods(session.methods, answering: request.claims),
            redirectURI: request.target.sentRedirectURI, codeChallenge: request.codeChallenge, nonce: request.nonce,
            constraint: request.dpopKey.map(SenderConstraint.key))
        try await database.transaction { transaction in
            if let waiting {
                guard try await AuthorizationRequestStore(transaction).consume(waiting) else { throw Self.answered }
            }
            if remembering {
                try await ConsentStore(transaction).insert(
                    userID: session.user.id, clientID: request.client.id, scopes: request.disclosed, now: now)
            }
            try await GrantStore(transaction).insert(
                code, settings: settings, canRefresh: request.client.metadata.grantTypes.contains(.refreshToken),
                eventID: audit.eventID(now: now), address: address, now: now)
        }
        return try reply.code(code.token.text, to: request.target)
    }

    /// Tells the client why there is no code; the stored request is done with.
    func refuse(
        _ error: OAuthError, _ target: AuthorizationTarget, session: Session? = nil, waiting: UUID? = nil, address: String, now: Date
    ) async throws -> Response {
        if let waiting {
            try await database.transaction { transaction in
                guard try await AuthorizationRequestStore(transaction).consume(waiting) else { throw Self.answered }
                if error.code == .accessDenied, let session {
                    try await audit.insert(
                        AuditEvent(
                            .consentDenied, userID: session.user.id, clientID: target.client.id, sessionID: session.id, address: address),
                        now: now, in: transaction)
                }
            }
        }
        return try reply.error(error, to: target)
    }

    static let answered = OAuthError.invalidRequest("This request has been answered already, or has expired.")
}
