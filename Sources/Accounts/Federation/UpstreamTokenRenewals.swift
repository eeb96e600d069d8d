import FoundationEssentials
import Synchronization

/// Renewals under way, by identity: whoever comes meanwhile waits for the same one. Two at once would present one refresh token twice, which
/// a provider that rotates them takes for theft (RFC 9700 §4.14.2).
final class UpstreamTokenRenewals: Sendable {
    private let running = Mutex<[UUID: Task<UpstreamTokens?, any Error>]>([:])

    func join(_ identityID: UUID, _ renew: @escaping @Sendable () async throws -> UpstreamTokens?) async throws -> UpstreamTokens? {
        let task = running.withLock { running in
            if let held = running[identityID] { return held }
            // A task of its own: it must not end with the call that happened to begin it.
            let task = Task {
                defer { self.running.withLock { $0[identityID] = nil } }
                return try await renew()
            }
            running[identityID] = task
            return task
        }
        return try await task.value
    }
}
