import FoundationEssentials
import OAuthProtocol
import Postgres
import Runtime

/// Lets every proof be used once, on all nodes together.
///
/// One statement is under way at a time: what arrives meanwhile, a millisecond or two, goes with the next. So a check that comes alone
/// costs one round trip, and a crowd shares few. Nothing is answered before the database has it: a proof that could not be
/// written counts neither as fresh nor as replayed.
package final class ReplayGuard: Sendable {
    /// Proofs in one statement.
    static let batchMax = 1_000

    private struct Asked: Sendable {
        let proof: ReplayProof
        let now: Date
    }

    private let queue: BatchQueue<Asked, ReplayVerdict>
    package let waitingMax: Int

    /// - Parameter waitingMax: more checks that wait than these are answered 503.
    package init(database: Database, waitingMax: Int = 10_000) {
        let store = ReplayStore(database)
        self.waitingMax = waitingMax
        queue = BatchQueue(batchMax: Self.batchMax, waitingMax: waitingMax, executor: InPlaceExecutor.shared) {
            await Self.judge($0, store)
        }
    }

    /// Whether a statement is under way, and how many checks wait for the next.
    var isBusy: Bool { queue.isBusy }
    package var waitingCount: Int { queue.waitingCount }

    /// Remembers a proof. It comes last, after the signature and everything else has been found right: whoever can't sign must not be
    /// able to use up another's nonces.
    /// - Throws: `temporarily_unavailable` when the database can't be asked or too many wait.
    package func check(_ proof: ReplayProof, now: Date) async throws -> ReplayVerdict {
        guard ReplayWindow.contains(proof.signedAt, now: now) else { return .outsideWindow }
        do {
            return try await queue.submit(Asked(proof: proof, now: now))
        } catch {
            throw OAuthError.temporarilyUnavailable(reason: "replay store: \(error)", retryAfter: .seconds(1))
        }
    }

    private static func judge(_ batch: [Asked], _ store: ReplayStore) async -> [Result<ReplayVerdict, any Error>] {
        let answer: ReplayStore.Answer
        do {
            answer = try await insert(batch, store)
        } catch {
            return batch.map { _ in .failure(error) }
        }
        var fresh = answer.fresh
        // A proof that was used just before the crash may have been signed ahead of the clock.
        let forgottenUntil = answer.epochBeganAt + ReplayWindow.aheadMax
        return batch.map { asked in
            // Twice in one batch: the first takes it.
            guard fresh.remove(asked.proof.hash) != nil else { return .success(.replayed) }
            return .success(asked.proof.signedAt <= forgottenUntil ? .beforeRecovery : .fresh)
        }
    }

    private static func insert(_ batch: [Asked], _ store: ReplayStore) async throws -> ReplayStore.Answer {
        let proofs = batch.map(\.proof)
        let now = batch.reduce(.distantPast) { max($0, $1.now) }
        do {
            if let answer = try await store.insert(proofs) { return answer }
            try await store.beginEpoch(now: now)
        } catch let error as PostgresError where error.sqlState == "23514" {
            // No partition for one of them: the job that attaches them ahead has not come by yet.
            try await store.attach(ReplayPartition.needed(now: now))
        }
        if let answer = try await store.insert(proofs) { return answer }
        try await store.beginEpoch(now: now)
        guard let answer = try await store.insert(proofs) else { throw PostgresError(.unavailable("the replay store has no epoch")) }
        return answer
    }
}
