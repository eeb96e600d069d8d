import CLibpq
import Glibc

/// Starting and ending programs without Foundation: no inherited descriptors, a session of their own, output to a log.
enum ChildProcess {
    static let environment: [String] = ["PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"]

    /// - Parameters:
    ///   - environment: as `NAME=value`.
    ///   - log: where its output goes; made when it's missing, for its owner alone.
    ///   - isDetached: in a session of its own, where Ctrl-C doesn't reach it.
    /// - Returns: the process number.
    static func start(
        _ words: [String], environment: [String] = environment, log: String, isDetached: Bool = true
    ) throws(ClusterError) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // An inherited listening socket would keep the server's port taken after the server's death.
        spawnWithoutDescriptors(&actions, 3)
        // The account may not be able to enter the current directory.
        spawnInDirectory(&actions, "/")
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Our threads block signals.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        // POSIX_SPAWN_SETSID (0x80), for a server: Ctrl-C is for us, and we stop it after the last request.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | (isDetached ? 0x80 : 0))
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { Optional(strdup($0)) } + [nil]
        let environment: [UnsafeMutablePointer<CChar>?] = environment.map { Optional(strdup($0)) } + [nil]
        defer { (arguments + environment).forEach { free($0) } }
        var pid: pid_t = 0
        let failure = posix_spawn(&pid, words[0], &actions, &attributes, arguments, environment)
        guard failure == 0 else { throw .failed("\(words[0]): \(String(cString: strerror(failure)))") }
        return pid
    }

    /// Waits for the end. Blocks: only on a side thread.
    /// - Returns: true for exit status 0.
    static func wait(_ pid: Int32) -> Bool {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 { if errno != EINTR { return false } }
        return status == 0
    }

    /// True while the process lives; reaps it when it's a dead child of ours.
    static func isAlive(_ pid: Int32) -> Bool {
        var status: Int32 = 0
        if waitpid(pid, &status, WNOHANG) == pid { return false }
        return kill(pid, 0) == 0 || errno == EPERM
    }

    /// Blocks until the process is gone or the time is over.
    static func waitForEnd(_ pid: Int32, atMost limit: Duration) -> Bool {
        let deadline = ContinuousClock.now + limit
        while isAlive(pid) {
            if ContinuousClock.now > deadline { return false }
            usleep(10_000)
        }
        return true
    }
}

/// An advisory lock on a file, given back when it's closed or the process dies.
struct FileLock: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws(ClusterError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .unsafeDirectory(path, reason: String(cString: strerror(errno))) }
    }

    /// Blocks until the lock is given, at most for the time.
    func take(exclusive: Bool, atMost limit: Duration) throws(ClusterError) {
        let deadline = ContinuousClock.now + limit
        while !tryTake(exclusive: exclusive) {
            if ContinuousClock.now > deadline { throw .failed("another process has been starting or stopping it for \(limit)") }
            usleep(20_000)
        }
    }

    func tryTake(exclusive: Bool) -> Bool { flock(descriptor, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 }

    func close() { _ = Glibc.close(descriptor) }
}
