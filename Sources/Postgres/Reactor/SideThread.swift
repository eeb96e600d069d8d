import CLibpq
import Glibc
import Synchronization

/// A thread of our own for what may block: name resolution, cancel requests, child processes. Never Swift's pool.
enum SideThread {
    /// Resolvers may hang for as long as their time-outs say; beyond this many at once, starting another fails.
    static let countMax = 64
    private static let running = Atomic<Int>(0)

    /// - Returns: false when too many run or the system refuses; `body` then never runs.
    static func start(_ name: String, bounded: Bool = true, _ body: @escaping @Sendable () -> Void) -> Bool {
        if running.add(1, ordering: .relaxed).newValue > countMax, bounded {
            running.subtract(1, ordering: .relaxed)
            return false
        }
        let box = Unmanaged.passRetained(Box(name: name, body: body))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let box = Unmanaged<Box>.fromOpaque(context).takeRetainedValue()
                // Signals belong to the main program's handlers.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_BLOCK, &all, nil)
                setThreadName(box.name)
                box.body()
                SideThread.running.subtract(1, ordering: .relaxed)
                return nil
            }, box.toOpaque())
        guard failure == 0 else {
            box.release()
            running.subtract(1, ordering: .relaxed)
            return false
        }
        pthread_detach(thread)
        return true
    }

    /// Runs blocking work aside and waits for it without holding a thread of Swift's pool.
    static func run<T: Sendable>(_ name: String, _ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let hasStarted = start(name) { continuation.resume(with: Result { try body() }) }
            if !hasStarted { continuation.resume(throwing: PostgresError(.unavailable("no thread for \(name)"))) }
        }
    }

    private final class Box: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
