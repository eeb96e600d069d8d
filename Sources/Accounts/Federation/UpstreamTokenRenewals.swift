import FoundationEssentials
import Synchronization

/// Lets one renewal of a person's token be under way at a time on this node: providers rotate refresh tokens, and many take a second use of one
/// for theft and withdraw everything. Whoever asks meanwhile gets what the first one gets.
final class UpstreamTokenRenewals: Sendable {
    private let underWay = Mutex<[UUID: Task<UpstreamTokens?, any Error>]>([:])

    /// - Throws: what `work` throws.
    func renew(_ identityID: UUID, _ work: @escaping @Sendable () async throws -> UpstreamTokens?) async throws -> UpstreamTokens? {
        let task = underWay.withLock { tasks in
            if let task = tasks[identityID] { return task }
            // It outlives a caller that goes away: what the provider has given out must be kept.
            let task = Task {
                defer { underWay.withLock { $0[identityID] = nil } }
                return try await work()
            }
            tasks[identityID] = task
            return task
        }
        return try await task.value
    }
}
