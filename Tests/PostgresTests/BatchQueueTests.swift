import Synchronization
import TestKit
import Testing

@testable import Postgres

@Suite struct BatchQueueTests {
    private struct Refused: Error {}

    /// Work that waits until it is let go, and remembers its batches.
    private final class Gate: Sendable {
        private struct State {
            var batches: [[Int]] = []
            var waiting: [UnsafeContinuation<Void, Never>] = []
        }

        private let state = Mutex(State())

        var batches: [[Int]] { state.withLock { $0.batches } }

        func pass(_ batch: [Int]) async {
            await withUnsafeContinuation { continuation in
                state.withLock { state in
                    state.batches.append(batch)
                    state.waiting.append(continuation)
                }
            }
        }

        /// Lets go the batch that came first of those that wait.
        func open() async throws {
            try await eventually("a batch waits") { state.withLock { !$0.waiting.isEmpty } }
            state.withLock { $0.waiting.removeFirst() }.resume()
        }
    }

    /// Submits items one after the other: each waits before the next comes.
    private func submit<Answer>(_ items: [Int], to queue: BatchQueue<Int, Answer>) async throws -> [Task<Answer, any Error>] {
        var tasks: [Task<Answer, any Error>] = []
        for item in items {
            let before = queue.waitingCount
            let wasBusy = queue.isBusy
            tasks.append(Task { try await queue.submit(item) })
            try await eventually("\(item) has come") { queue.waitingCount > before || (!wasBusy && queue.isBusy) }
        }
        return tasks
    }

    @Test func `what waits goes in the order in which it came, and each gets its own answer`() async throws {
        let gate = Gate()
        let queue = BatchQueue<Int, Int>(batchMax: 3, waitingMax: 10) { batch in
            await gate.pass(batch)
            return batch.map { .success($0 * 10) }
        }
        let tasks = try await submit(Array(1...6), to: queue)
        for _ in 1...3 { try await gate.open() }
        for (index, task) in tasks.enumerated() { #expect(try await task.value == (index + 1) * 10) }
        #expect(gate.batches == [[1], [2, 3, 4], [5, 6]])
        try await eventually("the queue rests") { !queue.isBusy }
    }

    @Test func `two lanes carry two batches at once`() async throws {
        let gate = Gate()
        let queue = BatchQueue<Int, Int>(batchMax: 3, waitingMax: 10, lanes: 2) { batch in
            await gate.pass(batch)
            return batch.map { .success($0) }
        }
        let first = Task { try await queue.submit(1) }
        try await eventually("the first is under way") { gate.batches == [[1]] }
        let second = Task { try await queue.submit(2) }
        try await eventually("so is the second") { gate.batches == [[1], [2]] }
        let third = try await submit([3], to: queue)
        for _ in 1...3 { try await gate.open() }
        #expect(try await [first.value, second.value, third[0].value] == [1, 2, 3])
    }

    @Test func `an item that fails takes none of its batch with it`() async throws {
        let gate = Gate()
        let queue = BatchQueue<Int, Int>(batchMax: 10, waitingMax: 10) { batch in
            await gate.pass(batch)
            return batch.map { $0 == 3 ? .failure(Refused()) : .success($0) }
        }
        let tasks = try await submit([1, 2, 3, 4], to: queue)
        for _ in 1...2 { try await gate.open() }
        #expect(try await [tasks[0].value, tasks[1].value, tasks[3].value] == [1, 2, 4])
        await #expect(throws: Refused.self) { try await tasks[2].value }
    }

    @Test func `who is not answered gets an error, and so does who finds no room`() async throws {
        let gate = Gate()
        let queue = BatchQueue<Int, Int>(batchMax: 10, waitingMax: 2) { batch in
            await gate.pass(batch)
            return [.success(batch[0])]
        }
        let tasks = try await submit([1, 2, 3], to: queue)
        await #expect(throws: PostgresError.self) { try await queue.submit(4) }
        for _ in 1...2 { try await gate.open() }
        #expect(try await [tasks[0].value, tasks[1].value] == [1, 2])
        await #expect(throws: PostgresError.self) { try await tasks[2].value }
    }
}
