import Crypto
import Glibc

/// The directories of one private cluster, made and checked.
struct ClusterPlace: Sendable, Equatable {
    /// Holds the data directory, the log and the locks.
    let base: String
    /// Short, as a socket's path has at most 107 bytes, however long the checkout's is.
    let socketDirectory: String
    let account: ServerAccount

    var data: String { "\(base)/data" }
    var log: String { "\(base)/postgres.log" }
    var startLock: String { "\(base)/start.lock" }
    var useLock: String { "\(base)/use.lock" }
    var pidFile: String { "\(data)/postmaster.pid" }
    var socketFile: String { "\(socketDirectory)/.s.PGSQL.5432" }

    func connectionString(database: String) -> String {
        "host=\(socketDirectory) port=5432 user=gatehouse dbname=\(database) sslmode=disable"
    }

    /// Chooses and makes the directories.
    ///
    /// - Parameter directory: absolute; when the account can't enter it, `/var/lib/gatehouse/<hash>` is used instead.
    static func make(directory: String) throws(ClusterError) -> ClusterPlace {
        guard directory.hasPrefix("/") else { throw .unsafeDirectory(directory, reason: "the path is not absolute") }
        var base = directory
        var account = try ServerAccount.choose(ownerOfData: owner(of: "\(directory)/data"))
        if !account.isOurs, !account.canEnter(parent(of: directory)) {
            base = "/var/lib/gatehouse/\(hash(directory))"
            account = try ServerAccount.choose(ownerOfData: owner(of: "\(base)/data"))
        }
        try makeParents(of: base)
        try makePrivate(base, account)
        let socketDirectory = "/tmp/gatehouse-\(hash(base))"
        try makePrivate(socketDirectory, account)
        return ClusterPlace(base: base, socketDirectory: socketDirectory, account: account)
    }

    static func hash(_ path: String) -> String {
        SHA256.hash(data: Array(path.utf8)).prefix(6).map { byte in
            let hex = String(byte, radix: 16)
            return hex.utf8.count == 1 ? "0" + hex : hex
        }.joined()
    }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    private static func owner(of path: String) -> UInt32? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_uid : nil
    }

    private static func makeParents(of path: String) throws(ClusterError) {
        let parent = parent(of: path)
        if parent == "/" || access(parent, F_OK) == 0 { return }
        try makeParents(of: parent)
        guard mkdir(parent, 0o755) == 0 || errno == EEXIST else {
            throw .unsafeDirectory(parent, reason: String(cString: strerror(errno)))
        }
    }

    /// Makes a directory that only the account may enter, or proves that an existing one is such: anyone may write to /tmp.
    private static func makePrivate(_ path: String, _ account: ServerAccount) throws(ClusterError) {
        if mkdir(path, 0o700) == 0 {
            guard account.isOurs || lchown(path, account.uid, account.gid) == 0 else {
                throw .unsafeDirectory(path, reason: String(cString: strerror(errno)))
            }
        } else if errno != EEXIST {
            throw .unsafeDirectory(path, reason: String(cString: strerror(errno)))
        }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw .unsafeDirectory(path, reason: "it is not a directory")
        }
        if !account.isOurs, status.st_uid == 0 {
            // Made by root in an earlier, interrupted start.
            guard lchown(path, account.uid, account.gid) == 0 else {
                throw .unsafeDirectory(path, reason: String(cString: strerror(errno)))
            }
        } else if status.st_uid != account.uid {
            throw .unsafeDirectory(path, reason: "it belongs to another account (uid \(status.st_uid))")
        }
        guard status.st_mode & 0o077 == 0 || chmod(path, 0o700) == 0 else {
            throw .unsafeDirectory(path, reason: "others may enter it")
        }
    }
}
