import Dispatch
import Foundation
import Synchronization

/// The passwords that wait, and the threads that hash them, first come first served.
final class PasswordQueue: Sendable {
    private struct Waiting {
        let ticket: UInt64
        let work: PasswordDerivation
        let continuation: CheckedContinuation<[UInt8], any Error>
    }

    private struct State {
        var waiting: [Waiting] = []
        var running = 0
        var lastTicket: UInt64 = 0
        var isClosed = false
        var refusalCount = 0
    }

    private let state = Mutex(State())
    /// One signal for every entry and, at the end, one for every thread. A signal whose entry was cancelled wakes a thread for nothing.
    private let signal = DispatchSemaphore(value: 0)
    private let threads: Int
    private let waitingMax: Int
    private let idle: @Sendable () -> Void
    private let derive: @Sendable (PasswordDerivation) throws -> [UInt8]

    /// - Parameters:
    ///   - idle: called by a thread that finds nothing to do, before it sleeps.
    ///   - derive: computes one hash, on one of the threads.
    init(
        threads: Int, waitingMax: Int, idle: @escaping @Sendable () -> Void = {},
        derive: @escaping @Sendable (PasswordDerivation) throws -> [UInt8]
    ) {
        self.threads = threads
        self.waitingMax = waitingMax
        self.idle = idle
        self.derive = derive
        for number in 1...threads {
            let thread = Thread { [self] in hashUntilClosed() }
            thread.name = "password-\(number)"
            thread.stackSize = 512 * 1_024
            thread.start()
        }
    }

    /// Waits for a thread and gives what it computed.
    /// - Throws: `PasswordHasherError`; `CancellationError` when the task was cancelled before a thread took the work.
    func derive(_ work: PasswordDerivation) async throws -> [UInt8] {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enter(Waiting(ticket: ticket, work: work, continuation: continuation))
                // The task may have been cancelled before there was anything to remove.
                if Task.isCancelled { leave(ticket) }
            }
        } onCancel: {
            leave(ticket)
        }
    }

    /// Ends the threads once they are done with what they hold; what waits fails with `PasswordHasherError.stopped`.
    func close() {
        let left = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for entry in left { entry.continuation.resume(throwing: PasswordHasherError.stopped) }
        for _ in 0..<threads { signal.signal() }
    }

    /// How full it is.
    var figures: PasswordFigures {
        state.withLock { state in
            PasswordFigures(
                runningCount: state.running, threads: threads, waitingCount: state.waiting.count, waitingMax: waitingMax,
                refusalCount: state.refusalCount)
        }
    }

    /// How many wait for a thread or have one.
    var load: Int { state.withLock { $0.waiting.count + $0.running } }

    private func enter(_ entry: Waiting) {
        let refusal: PasswordHasherError? = state.withLock { state in
            if state.isClosed { return .stopped }
            // An idle thread takes its entry a moment later: it counts as taken already.
            if state.waiting.count + state.running >= threads + waitingMax {
                state.refusalCount += 1
                return .queueFull
            }
            state.waiting.append(entry)
            return nil
        }
        if let refusal {
            entry.continuation.resume(throwing: refusal)
        } else {
            signal.signal()
        }
    }

    private func leave(_ ticket: UInt64) {
        let entry: Waiting? = state.withLock { state in
            guard let index = state.waiting.firstIndex(where: { $0.ticket == ticket }) else { return nil }
            return state.waiting.remove(at: index)
        }
        entry?.continuation.resume(throwing: CancellationError())
    }

    private func hashUntilClosed() {
        while true {
            if signal.wait(timeout: .now()) == .timedOut {
                idle()
                signal.wait()
            }
            let (entry, isClosed): (Waiting?, Bool) = state.withLock { state in
                if state.isClosed || state.waiting.isEmpty { return (nil, state.isClosed) }
                state.running += 1
                return (state.waiting.removeFirst(), false)
            }
            if isClosed { return }
            guard let entry else { continue }
            let result = Result { try derive(entry.work) }
            state.withLock { $0.running -= 1 }
            entry.continuation.resume(with: result)
        }
    }
}
