import DequeModule
import Synchronization

/// Gathers single calls into statements: while as many batches as `lanes` are under way, what arrives waits and goes with the next.
///
/// So a call that comes alone costs one round trip, and a crowd shares few, with one commit for all of a batch.
package final class BatchQueue<Item: Sendable, Answer: Sendable>: Sendable {
    /// Answers a whole batch, each item at its own place; fewer answers than items are a defect, and the rest get an error.
    package typealias Work = @Sendable ([Item]) async -> [Result<Answer, any Error>]

    private struct Waiting {
        let item: Item
        let answer: CheckedContinuation<Answer, any Error>
    }

    private struct State {
        var waiting: Deque<Waiting> = []
        var lanesInUse = 0
    }

    private enum Place { case none, behind, first }

    private let batchMax: Int
    private let waitingMax: Int
    private let lanes: Int
    private let work: Work
    private let state = Mutex(State())

    /// - Parameters:
    ///   - batchMax: items in one batch at most.
    ///   - waitingMax: more items that wait than these are refused.
    ///   - lanes: batches under way at once.
    package init(batchMax: Int, waitingMax: Int, lanes: Int = 1, work: @escaping Work) {
        self.batchMax = batchMax
        self.waitingMax = waitingMax
        self.lanes = lanes
        self.work = work
    }

    /// Whether a batch is under way.
    package var isBusy: Bool { state.withLock { $0.lanesInUse > 0 } }
    /// Items that wait for the next batch.
    package var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Waits for the item's answer. Deaf to cancellation: a batch serves others too, and what was sent may have been stored.
    /// - Throws: `PostgresError` (`queueFull`) when too many wait, or what the work answers.
    package func submit(_ item: Item) async throws -> Answer {
        try await withCheckedThrowingContinuation { answer in
            let place: Place = state.withLock { state in
                guard state.waiting.count < waitingMax else { return .none }
                state.waiting.append(Waiting(item: item, answer: answer))
                guard state.lanesInUse < lanes else { return .behind }
                state.lanesInUse += 1
                return .first
            }
            switch place {
            case .none: answer.resume(throwing: PostgresError(.queueFull))
            case .behind: break
            // A task of its own, since it must not end with the call that happened to begin it; it sends from this thread.
            case .first: Task.immediateDetached { await self.run() }
            }
        }
    }

    /// Answers batch after batch until nobody waits.
    private func run() async {
        while true {
            let batch: [Waiting] = state.withLock { state in
                let batch = Array(state.waiting.prefix(batchMax))
                state.waiting.removeFirst(batch.count)
                if batch.isEmpty { state.lanesInUse -= 1 }
                return batch
            }
            guard !batch.isEmpty else { return }
            let answers = await work(batch.map(\.item))
            for (index, waiting) in batch.enumerated() {
                guard index < answers.count else {
                    waiting.answer.resume(throwing: PostgresError(.decoding("a batch was answered in part")))
                    continue
                }
                waiting.answer.resume(with: answers[index])
            }
        }
    }
}
