import Synchronization

/// Gathers single calls into statements: while as many batches as `lanes` are under way, what arrives waits and goes with the next.
///
/// So a call that comes alone costs one round trip, and a crowd shares few, with one commit for all of a batch.
///
/// Inlinable: each use is in another module, which would else handle every item through tables of witnesses.
package final class BatchQueue<Item: Sendable, Answer: Sendable>: Sendable {
    /// Answers a whole batch, each item at its own place; fewer answers than items are a defect, and the rest get an error.
    package typealias Work = @Sendable ([Item]) async -> [Result<Answer, any Error>]

    @usableFromInline
    struct Waiting: Sendable {
        @usableFromInline let item: Item
        @usableFromInline let answer: UnsafeContinuation<Answer, any Error>

        @inlinable
        init(item: Item, answer: UnsafeContinuation<Answer, any Error>) {
            self.item = item
            self.answer = answer
        }
    }

    @usableFromInline
    struct State: Sendable {
        @usableFromInline var waiting: [Waiting] = []
        @usableFromInline var lanesInUse = 0

        @inlinable
        init() {}

        /// Those who have waited longest. Where nobody waits the lane is given up.
        @inlinable
        mutating func take(_ countMax: Int) -> [Waiting] {
            if waiting.isEmpty { lanesInUse -= 1 }
            let batch = Array(waiting.prefix(countMax))
            waiting.removeFirst(batch.count)
            return batch
        }
    }

    @usableFromInline
    enum Place { case none, behind, first }

    @usableFromInline let batchMax: Int
    @usableFromInline let waitingMax: Int
    @usableFromInline let lanes: Int
    @usableFromInline let work: Work
    @usableFromInline let state: Mutex<State>

    /// - Parameters:
    ///   - batchMax: items in one batch at most.
    ///   - waitingMax: more items that wait than these are refused.
    ///   - lanes: batches under way at once.
    @inlinable
    package init(batchMax: Int, waitingMax: Int, lanes: Int = 1, work: @escaping Work) {
        self.batchMax = batchMax
        self.waitingMax = waitingMax
        self.lanes = lanes
        self.work = work
        state = Mutex(State())
    }

    /// Whether a batch is under way.
    @inlinable package var isBusy: Bool { state.withLock { $0.lanesInUse > 0 } }
    /// Items that wait for the next batch.
    @inlinable package var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Waits for the item's answer. Deaf to cancellation: a batch serves others too, and what was sent may have been stored.
    /// - Throws: `PostgresError` (`queueFull`) when too many wait, or what the work answers.
    @inlinable
    package func submit(_ item: Item) async throws -> Answer {
        // Unchecked: each is resumed once, by `run` or here.
        try await withUnsafeThrowingContinuation { answer in
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
    @inlinable
    func run() async {
        while true {
            let batch = state.withLock { $0.take(batchMax) }
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
