import Audit
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Keys
import OAuthProtocol
import Postgres
import Runtime
import Web

/// Sessions as browsers carry them: an opaque cookie, stored as its SHA-256.
package struct Sessions: Sendable {
    private let database: Database
    private let limits: SessionLimits
    private let site: Site
    private let audit: AuditStore
    private let randomness: any Randomness
    /// How long access tokens of an ended session must be refused.
    private let accessTokenLifetimeMax: Duration

    package init(
        database: Database, limits: SessionLimits, site: Site, audit: AuditStore, randomness: any Randomness,
        accessTokenLifetimeMax: Duration
    ) {
        self.database = database
        self.limits = limits
        self.site = site
        self.audit = audit
        self.randomness = randomness
        self.accessTokenLifetimeMax = accessTokenLifetimeMax
    }

    /// - Returns: the live session that the browser presents, of a person who is not disabled.
    /// - Throws: `PostgresError`.
    package func find(_ request: Request, now: Date) async throws -> Session? {
        guard let token = CookieRecipe.session(site).read(request) else { return nil }
        guard let session = try await SessionStore(database).find(token: token, limits: limits, now: now) else { return nil }
        if session.lastSeenAt + limits.recordedEvery < now { try await SessionStore(database).touch(session.id, now: now) }
        return session
    }

    /// Begins a session, or renews the present one when the same person has proven themselves again.
    /// The browser's token changes in either case (OWASP ASVS 5.0 §7.2.4).
    /// - Returns: the cookie to set.
    /// - Throws: `access_denied` when the person has been disabled meanwhile; `PostgresError`.
    func begin(
        userID: UUID, methods: [String], federated: FederatedSession? = nil, replacing present: Session?, address: String,
        userAgent: String?, now: Date
    ) async throws -> HTTPField {
        let token = OpaqueToken.generate(randomness: randomness)
        let expiresAt = now + limits.absolute
        // What a provider's session is worth is for whoever asks for `max_age` to know.
        let authenticatedAt = min(federated?.authenticatedAt ?? now, now)
        try await database.transaction { transaction in
            guard try await UserStore(transaction).lock(userID) else { throw OAuthError.accessDenied("This account can not be used.") }
            let store = SessionStore(transaction)
            let id: UUID
            if let renewed = try await renewed(
                present, for: userID, token: token, methods: methods, authenticatedAt: authenticatedAt, expiresAt: expiresAt, in: store,
                now: now)
            {
                id = renewed
            } else {
                if let present, present.user.id != userID {
                    try await end(
                        present.id, of: present.user.id, reason: "another person signed in", address: address, in: transaction, now: now)
                }
                id = randomness.uuid(at: now)
                try await store.insert(
                    id: id, tokenHash: token.hash, userID: userID, methods: methods, authenticatedAt: authenticatedAt, expiresAt: expiresAt,
                    address: address, userAgent: userAgent.map { String(decoding: $0.utf8.prefix(300), as: UTF8.self) }, now: now)
                try await endSurplus(of: userID, sparing: id, in: transaction, now: now)
            }
            if let federated { try await FederatedSessionStore(transaction).put(federated, for: id, now: now) }
            try await audit.insert(
                AuditEvent(
                    .signInSucceeded, userID: userID, sessionID: id, address: address, detail: ["methods": methods.joined(separator: " ")]),
                now: now, in: transaction)
        }
        return CookieRecipe.session(site).set(token.text, maxAge: limits.absolute)
    }

    /// Ends a session and what was issued in it.
    /// - Returns: whether it was live until now.
    /// - Throws: `PostgresError`.
    @discardableResult
    package func end(_ id: UUID, of userID: UUID, reason: String, address: String, now: Date) async throws -> Bool {
        try await database.transaction { transaction in
            try await end(id, of: userID, reason: reason, address: address, in: transaction, now: now)
        }
    }

    /// A person's live sessions, the latest used first; at most as many as a person may have.
    /// - Throws: `PostgresError`.
    package func list(of userID: UUID, now: Date) async throws -> [SessionSummary] {
        try await SessionStore(database).list(of: userID, limits: limits, now: now)
    }

    /// Makes the browser forget its session, if it sent one.
    package func clearedCookie(for request: Request) -> HTTPField? {
        let recipe = CookieRecipe.session(site)
        return recipe.read(request) == nil ? nil : recipe.clear()
    }

    private func renewed(
        _ present: Session?, for userID: UUID, token: OpaqueToken, methods: [String], authenticatedAt: Date, expiresAt: Date,
        in store: SessionStore, now: Date
    ) async throws -> UUID? {
        guard let present, present.user.id == userID else { return nil }
        let isRenewed = try await store.renew(
            present.id, presented: TokenHash(of: present.tokenText), tokenHash: token.hash, methods: methods,
            authenticatedAt: max(authenticatedAt, min(present.authenticatedAt, now)), expiresAt: expiresAt, now: now)
        return isRenewed ? present.id : nil
    }

    private func endSurplus(of userID: UUID, sparing latest: UUID, in transaction: any Queryable, now: Date) async throws {
        let surplus = try await SessionStore(transaction).revokeOldest(
            of: userID, sparing: latest, countMax: limits.countMax, now: now, accessUntil: now + accessTokenLifetimeMax)
        for id in surplus {
            try await audit.insert(
                AuditEvent(.sessionEnded, userID: userID, sessionID: id, detail: ["reason": "too many sessions"]), now: now,
                in: transaction)
        }
    }

    @discardableResult
    func end(_ id: UUID, of userID: UUID, reason: String, address: String, in transaction: any Queryable, now: Date) async throws
        -> Bool
    {
        guard try await SessionStore(transaction).revoke(id, now: now, accessUntil: now + accessTokenLifetimeMax) else { return false }
        try await audit.insert(
            AuditEvent(.sessionEnded, userID: userID, sessionID: id, address: address, detail: ["reason": reason]), now: now,
            in: transaction)
        return true
    }
}
