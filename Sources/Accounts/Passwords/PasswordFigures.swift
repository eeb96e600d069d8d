/// How full the queue of password hashes is, for whoever watches it.
package struct PasswordFigures: Sendable, Equatable {
    /// Being hashed now, of ``threads`` at most.
    package let runningCount: Int
    package let threads: Int
    package let waitingCount: Int
    package let waitingMax: Int
    /// Refused since the start because the queue was full.
    package let refusalCount: Int
}
