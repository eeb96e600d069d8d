import Accounts
import Audit
import FoundationEssentials
import Keys
import OAuth
import OAuthProtocol
import Postgres
import Runtime
import Synchronization
import Web

/// Sessions at the door, in memory: a check costs no round trip but once in ``staleAfter``.
///
/// The end of a person's session, of a grant or of an account is heard at once, with the revocations of access tokens; what nobody
/// announces – changed roles, sign-out at another node's door – holds ``staleAfter`` at most.
package final class DoorSessions: Sendable {
    package static let staleAfter: Duration = .seconds(5)
    static let entriesMax = 50_000

    private struct State {
        var entries: [TokenHash: (session: DoorSession, loadedAt: Date)] = [:]
        /// When persons' sessions were last used here, until it is written.
        var uses: [UUID: Date] = [:]
    }

    private let database: Database
    private let revocations: RevocationList
    private let audit: AuditStore
    private let randomness: any Randomness
    /// The idle limit of persons' sessions.
    private let idle: Duration
    private let lifetime: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - idle: of persons' sessions.
    ///   - lifetime: of a session at the door, at most.
    package init(
        database: Database, revocations: RevocationList, audit: AuditStore, randomness: any Randomness, idle: Duration, lifetime: Duration
    ) {
        self.database = database
        self.revocations = revocations
        self.audit = audit
        self.randomness = randomness
        self.idle = idle
        self.lifetime = lifetime
    }

    private static let secureCookie = CookieRecipe(name: "gatehouse_door", site: Site(issuer: "https://door.invalid"))
    private static let plainCookie = CookieRecipe(name: "gatehouse_door", site: Site(issuer: "http://door.invalid"))

    /// Host-local: under https the `__Host-` prefix keeps other hosts from planting it.
    static func cookie(isSecure: Bool) -> CookieRecipe { isSecure ? secureCookie : plainCookie }

    // MARK: Finding

    /// - Returns: nil where it has to be looked up; `.some(nil)` where it is known that there is none.
    func findInPlace(_ token: String, origin: String, now: Date) -> DoorSession?? {
        let hash = TokenHash(of: token)
        guard let held = state.withLock({ $0.entries[hash] }), held.loadedAt <= now, now < held.loadedAt + Self.staleAfter else {
            return nil
        }
        return .some(judge(held.session, loadedAt: held.loadedAt, origin: origin, now: now))
    }

    /// - Throws: `PostgresError`.
    func find(_ token: String, origin: String, now: Date) async throws -> DoorSession? {
        if let held = findInPlace(token, origin: origin, now: now) { return held }
        let hash = TokenHash(of: token)
        guard let session = try await DoorSessionStore(database).find(hash, seenAfter: now - idle, now: now) else {
            state.withLock { _ = $0.entries.removeValue(forKey: hash) }
            return nil
        }
        state.withLock { state in
            if state.entries.count >= Self.entriesMax { state.entries.removeAll(keepingCapacity: true) }
            state.entries[hash] = (session, now)
        }
        return judge(session, loadedAt: now, origin: origin, now: now)
    }

    private func judge(_ session: DoorSession, loadedAt: Date, origin: String, now: Date) -> DoorSession? {
        // Another host that is given the cookie can do nothing with it here.
        guard session.origin.utf8.elementsEqual(origin.utf8), now < session.expiresAt,
            !revocations.covers(anyOf: .session(session.sessionID), .grant(session.grantID), issuedAt: loadedAt),
            // The row that was read since tells better: a person who was signed out everywhere may have signed in again.
            !revocations.covers(anyOf: .user(session.userID), issuedAt: loadedAt + UserStore.clockTolerance)
        else { return nil }
        state.withLock { state in
            if state.uses[session.sessionID] != nil || state.uses.count < Self.entriesMax { state.uses[session.sessionID] = now }
        }
        return session
    }

    // MARK: Beginning and ending

    /// - Parameter previous: what the browser held until now at this origin.
    /// - Returns: the cookie's value and its age.
    /// - Throws: `access_denied` when the person's session has ended meanwhile; `PostgresError`.
    func begin(
        _ redeemed: AuthorizationCodeRedemption.Redeemed, origin: String, replacing previous: String?, address: String, now: Date
    ) async throws -> (token: OpaqueToken, lifetime: Duration) {
        let token = OpaqueToken.generate(randomness: randomness)
        try await database.transaction { transaction in
            let store = DoorSessionStore(transaction)
            if let previous { _ = try await store.erase(TokenHash(of: previous)) }
            let isBegun = try await store.insert(
                token.hash, sessionID: redeemed.sessionID, grantID: redeemed.grantID, origin: origin, scopes: redeemed.scopes, now: now,
                expiresAt: now + lifetime)
            guard isBegun else { throw OAuthError.accessDenied("You have signed out in the meantime.") }
            try await audit.insert(
                AuditEvent(
                    .doorSignedIn, userID: redeemed.userID, clientID: DoorClient.id, sessionID: redeemed.sessionID,
                    grantID: redeemed.grantID, address: address, detail: ["origin": origin]),
                now: now, in: transaction)
        }
        if let previous { forget(previous) }
        return (token, lifetime)
    }

    /// Ends the session at one door; the person's own goes on.
    /// - Throws: `PostgresError`.
    func end(_ token: String, origin: String, address: String, now: Date) async throws {
        try await database.transaction { transaction in
            guard let ended = try await DoorSessionStore(transaction).erase(TokenHash(of: token)) else { return }
            try await audit.insert(
                AuditEvent(
                    .doorSignedOut, userID: ended.userID, clientID: DoorClient.id, sessionID: ended.sessionID, address: address,
                    detail: ["origin": origin]),
                now: now, in: transaction)
        }
        forget(token)
    }

    private func forget(_ token: String) {
        let hash = TokenHash(of: token)
        state.withLock { _ = $0.entries.removeValue(forKey: hash) }
    }

    // MARK: Jobs

    /// Writes when persons' sessions were last used at a door.
    /// - Throws: `PostgresError`; then what was not written is kept for the next time.
    package func writeUses() async throws {
        let uses = state.withLock { state in
            defer { state.uses.removeAll(keepingCapacity: true) }
            return state.uses
        }
        do {
            try await DoorSessionStore(database).noteUse(
                uses.map { (id: $0.key, at: $0.value) }.sorted { $0.id.uuidString < $1.id.uuidString })
        } catch {
            state.withLock { $0.uses.merge(uses) { later, _ in later } }
            throw error
        }
    }

    /// - Throws: `PostgresError`.
    package func eraseExpired(now: Date, batchMax: Int) async throws {
        while try await DoorSessionStore(database).eraseExpired(before: now, countMax: batchMax) == batchMax {}
    }
}
