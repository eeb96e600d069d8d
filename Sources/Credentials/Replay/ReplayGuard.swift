import FoundationEssentials
import OAuthProtocol
import Postgres
import Runtime
import Synchronization

/// Lets every proof be used once, on all nodes together.
///
/// One statement is under way at a time: what arrives meanwhile, a millisecond or two, goes with the next. So a check that comes alone
/// costs one round trip, and a crowd shares few. Nothing is answered before the database has it: a proof that could not be
/// written counts neither as fresh nor as replayed.
package final class ReplayGuard: Sendable {
    /// Proofs in one statement.
    static let batchMax = 1_000

    private struct Waiting {
        let proof: ReplayProof
        let now: Date
        let answer: CheckedContinuation<ReplayVerdict, any Error>
    }

    private struct State {
        var waiting: [Waiting] = []
        var isWriting = false
    }

    private let store: ReplayStore
    package let waitingMax: Int
    private let state = Mutex(State())

    /// - Parameter waitingMax: more checks that wait than these are answered 503.
    package init(database: Database, waitingMax: Int = 10_000) {
        store = ReplayStore(database)
        self.waitingMax = waitingMax
    }

    /// Whether a statement is under way, and how many checks wait for the next.
    var isBusy: Bool { state.withLock { $0.isWriting } }
    package var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Remembers a proof. It comes last, after the signature and everything else has been found right: whoever can't sign must not be
    /// able to use up another's nonces.
    /// - Throws: `temporarily_unavailable` when the database can't be asked or too many wait.
    package func check(_ proof: ReplayProof, now: Date) async throws -> ReplayVerdict {
        guard ReplayWindow.contains(proof.signedAt, now: now) else { return .outsideWindow }
        return try await withCheckedThrowingContinuation { answer in
            let place: Place = state.withLock { state in
                guard state.waiting.count < waitingMax else { return .none }
                state.waiting.append(Waiting(proof: proof, now: now, answer: answer))
                defer { state.isWriting = true }
                return state.isWriting ? .behind : .first
            }
            switch place {
            case .none:
                answer.resume(throwing: OAuthError.temporarilyUnavailable(reason: "replay queue full", retryAfter: .seconds(1)))
            case .behind:
                break
            case .first:
                // Detached: the statement serves others too, and must not end with the request that happened to begin it.
                Task.detached { await self.write() }
            }
        }
    }

    private enum Place { case none, behind, first }

    /// Writes batch after batch until nobody waits.
    private func write() async {
        while true {
            let batch: [Waiting] = state.withLock { state in
                let batch = Array(state.waiting.prefix(Self.batchMax))
                state.waiting.removeFirst(batch.count)
                if batch.isEmpty { state.isWriting = false }
                return batch
            }
            guard !batch.isEmpty else { return }
            await answer(batch)
        }
    }

    private func answer(_ batch: [Waiting]) async {
        let answer: ReplayStore.Answer
        do {
            answer = try await insert(batch)
        } catch {
            let unavailable = OAuthError.temporarilyUnavailable(reason: "replay store: \(error)")
            for waiting in batch { waiting.answer.resume(throwing: unavailable) }
            return
        }
        var fresh = answer.fresh
        // A proof that was used just before the crash may have been signed ahead of the clock.
        let forgottenUntil = answer.epochBeganAt + ReplayWindow.aheadMax
        for waiting in batch {
            // Twice in one batch: the first takes it.
            let isFresh = fresh.remove(waiting.proof.hash) != nil
            let verdict: ReplayVerdict =
                !isFresh ? .replayed : waiting.proof.signedAt <= forgottenUntil ? .beforeRecovery : .fresh
            waiting.answer.resume(returning: verdict)
        }
    }

    private func insert(_ batch: [Waiting]) async throws -> ReplayStore.Answer {
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
