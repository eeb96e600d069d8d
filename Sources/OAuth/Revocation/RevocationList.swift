import FoundationEssentials
import Postgres
import Runtime
import Synchronization

/// What no longer holds although its signature does, in memory: asking it costs no round trip.
///
/// Other nodes' revocations arrive by NOTIFY; when that line is lost the list is read again at least every 5 s.
package final class RevocationList: Sendable {
    /// What a revocation names.
    package enum Subject: Hashable, Sendable {
        case token(String)
        case grant(UUID)
        case session(UUID)
        case user(UUID)
        case client(String)
    }

    struct Entry: Sendable {
        let subject: Subject
        /// Tokens issued before this are refused; nil: all.
        let notBefore: Date?
        let expiresAt: Date
    }

    private struct State {
        var entries: [Subject: (notBefore: Date?, expiresAt: Date)] = [:]
        /// Transactions below this had ended when the list was last read: what they recorded is here.
        var readBelow = 0
    }

    private let database: any Queryable
    private let state = Mutex(State())

    package init(database: any Queryable) {
        self.database = database
    }

    /// Reads what was recorded since the last time, by transactions that ended since then or were still running.
    /// - Throws: `PostgresError`.
    package func load(now: Date) async throws {
        let store = RevocationStore(database)
        let from = state.withLock { $0.readBelow }
        // Asked before the list: what runs now is read again next time.
        let below = try await store.oldestRunningTransaction()
        let entries = try await store.list(from: from, now: now)
        state.withLock { state in
            for entry in entries { merge(entry.subject, notBefore: entry.notBefore, expiresAt: entry.expiresAt, into: &state) }
            state.readBelow = max(state.readBelow, below)
        }
    }

    /// Takes effect on this node at once; the caller has written it to the database.
    package func add(_ subject: Subject, notBefore: Date? = nil, expiresAt: Date) {
        state.withLock { merge(subject, notBefore: notBefore, expiresAt: expiresAt, into: &$0) }
    }

    /// Forgets what can no longer touch a token.
    package func forgetExpired(now: Date) {
        state.withLock { state in
            state.entries = state.entries.filter { $0.value.expiresAt > now }
        }
    }

    package func covers(_ token: AccessToken) -> Bool {
        state.withLock { state in
            if state.entries.isEmpty { return false }
            func isCovered(_ subject: Subject) -> Bool { Self.isCovered(subject, issuedAt: token.issuedAt, state) }
            if isCovered(.token(token.id)) || isCovered(.client(token.clientID)) { return true }
            if let grantID = token.grantID, isCovered(.grant(grantID)) { return true }
            if let sessionID = token.sessionID, isCovered(.session(sessionID)) { return true }
            if let userID = token.userID, isCovered(.user(userID)) { return true }
            return false
        }
    }

    /// Whether something that rests on all of these, since `issuedAt`, no longer holds.
    package func covers(anyOf subjects: Subject..., issuedAt: Date) -> Bool {
        state.withLock { state in
            if state.entries.isEmpty { return false }
            return subjects.contains { Self.isCovered($0, issuedAt: issuedAt, state) }
        }
    }

    private static func isCovered(_ subject: Subject, issuedAt: Date, _ state: State) -> Bool {
        guard let entry = state.entries[subject] else { return false }
        return entry.notBefore.map { issuedAt < $0 } ?? true
    }

    /// A revocation is never weakened: no not-before wins over one, a later one over an earlier.
    private func merge(_ subject: Subject, notBefore: Date?, expiresAt: Date, into state: inout State) {
        guard let held = state.entries[subject] else {
            state.entries[subject] = (notBefore, expiresAt)
            return
        }
        let later = held.notBefore.flatMap { held in notBefore.map { max(held, $0) } }
        state.entries[subject] = (later, max(held.expiresAt, expiresAt))
    }
}
