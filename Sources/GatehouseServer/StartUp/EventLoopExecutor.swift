import NIOCore
import Synchronization

/// Runs a connection's tasks on the connection's own event loop, so that a request is read, answered and written by one thread.
/// On Swift's pool each request changes threads twice, which costs more than most answers do.
///
/// What blocks has left for threads of its own long before (Argon2, DNS, libpq); a signature is as short here as it is there.
final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    private init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// One for each event loop, for as long as the process lives: tasks hold no reference to their executor.
    private static let all = Mutex<[ObjectIdentifier: EventLoopExecutor]>([:])

    static func find(_ eventLoop: any EventLoop) -> EventLoopExecutor {
        all.withLock { all in
            let key = ObjectIdentifier(eventLoop)
            if let executor = all[key] { return executor }
            let executor = EventLoopExecutor(eventLoop)
            all[key] = executor
            return executor
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        eventLoop.execute { job.runSynchronously(on: executor) }
    }
}
