/// Goes on at once with what has been waiting for, on the thread that brings the answer: for work that takes microseconds and never blocks,
/// where waking another thread would cost more. After a statement that is the thread that reads every connection.
///
/// Whoever resumes a task of its own must hold no lock; nothing of this wing does.
package final class InPlaceExecutor: TaskExecutor {
    package static let shared = InPlaceExecutor()

    private init() {}

    package func enqueue(_ job: consuming ExecutorJob) {
        UnownedJob(job).runSynchronously(on: asUnownedTaskExecutor())
    }
}
