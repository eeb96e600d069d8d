import FoundationEssentials
import Postgres
import Synchronization

/// When credentials were last used, in memory until it is written: never a write for each use.
final class CredentialUses: Sendable {
    private static let countMax = 50_000

    private let uses = Mutex<[String: Date]>([:])

    func note(_ id: String, at now: Date) {
        uses.withLock { uses in
            if uses[id] != nil || uses.count < Self.countMax { uses[id] = now }
        }
    }

    /// Writes what has come since the last call.
    /// - Throws: `PostgresError`; then what was not written is kept for the next time.
    func write(to store: CredentialStore) async throws {
        let taken = uses.withLock { uses in
            defer { uses.removeAll(keepingCapacity: true) }
            return uses
        }
        do {
            // In one order on all nodes, which would wait for each other otherwise.
            try await store.noteUse(taken.sorted { $0.key < $1.key }.map { (id: $0.key, at: $0.value) })
        } catch {
            uses.withLock { $0.merge(taken) { later, _ in later } }
            throw error
        }
    }
}
