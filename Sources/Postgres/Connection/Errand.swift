import Synchronization

/// One piece of work for a connection, from the task that wants it to the answer. Finished exactly once.
final class Errand: Sendable {
    enum Work: Sendable {
        case statement(String, [PostgresValue])
        /// Several statements in one text, without parameters.
        case script(String)
        /// The connection itself, for a transaction.
        case lease
        /// A round trip without a statement.
        case sync
    }

    enum Purpose: Sendable {
        /// Borrows a connection for this statement only; when it's lost, its effect may be stored.
        case single
        /// Part of a transaction: without COMMIT nothing of it is stored.
        case part
        /// COMMIT itself.
        case commit
    }

    enum Outcome: Sendable {
        case result(PostgresResult)
        case connection(Connection)
        case done
    }

    typealias Completion = @Sendable (Result<Outcome, PostgresError>) -> Void

    private enum Stage {
        case waiting
        case sent(Connection)
        case finished
    }

    private enum Answer {
        case resume(UnsafeContinuation<Outcome, any Error>)
        case call(Completion)
    }

    private struct Progress {
        var answer: Answer?
        var stage = Stage.waiting
        var isCancelRequested = false
        var retryCount = 0
    }

    /// How often a statement that provably was not run is sent again.
    private static let retryCountMax = 2

    let work: Work
    let purpose: Purpose
    private let progress: Mutex<Progress>

    init(_ work: Work, _ purpose: Purpose) {
        self.work = work
        self.purpose = purpose
        progress = Mutex(Progress())
    }

    init(_ work: Work, _ purpose: Purpose, completion: @escaping Completion) {
        self.work = work
        self.purpose = purpose
        progress = Mutex(Progress(answer: .call(completion)))
    }

    /// Runs the errand by `submit` and waits for its end. Cancelling the task calls `cancel` when it has already been sent,
    /// or `abandon` while it waits.
    func perform(submit: (Errand) -> Void, abandon: @escaping @Sendable (Errand) -> Void) async throws -> Outcome {
        try await withTaskCancellationHandler {
            try await performUncancelled(submit: submit)
        } onCancel: {
            if let connection = requestCancel() { connection.cancel(self) } else { abandon(self) }
        }
    }

    /// As `perform`, deaf to the task's cancellation: for COMMIT and ROLLBACK.
    func performUncancelled(submit: (Errand) -> Void) async throws -> Outcome {
        try await withUnsafeThrowingContinuation { continuation in
            progress.withLock { $0.answer = .resume(continuation) }
            submit(self)
        }
    }

    var isCancelRequested: Bool { progress.withLock { $0.isCancelRequested } }

    /// - Returns: the connection that works on it, if any.
    private func requestCancel() -> Connection? {
        progress.withLock { progress in
            progress.isCancelRequested = true
            if case .sent(let connection) = progress.stage { return connection }
            return nil
        }
    }

    /// Called just before the first byte is written.
    /// - Returns: false when it has been cancelled meanwhile and must not be sent.
    func markSent(on connection: Connection) -> Bool {
        progress.withLock { progress in
            guard !progress.isCancelRequested, case .waiting = progress.stage else { return false }
            progress.stage = .sent(connection)
            return true
        }
    }

    /// Takes it back after a connection was lost without running it.
    /// - Returns: false when it has been tried often enough.
    func markUnsent() -> Bool {
        progress.withLock { progress in
            guard progress.retryCount < Self.retryCountMax, purpose == .single else { return false }
            if case .finished = progress.stage { return false }
            progress.retryCount += 1
            progress.stage = .waiting
            return true
        }
    }

    /// Later calls do nothing.
    /// - Returns: whether this call was the first.
    @discardableResult
    func finish(_ result: Result<Outcome, PostgresError>) -> Bool {
        let answer = progress.withLock { progress -> Answer? in
            progress.stage = .finished
            defer { progress.answer = nil }
            return progress.answer
        }
        switch answer {
        case .resume(let continuation): continuation.resume(with: result.mapError { $0 as any Error })
        case .call(let completion): completion(result)
        case nil: return false
        }
        return true
    }
}
