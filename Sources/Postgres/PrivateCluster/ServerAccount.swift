import Glibc

/// The account that the server runs under: our own, or an unprivileged one when we are root, as PostgreSQL refuses to be.
struct ServerAccount: Sendable, Equatable {
    let uid: UInt32
    let gid: UInt32
    let isOurs: Bool

    static func choose(ownerOfData: UInt32? = nil) throws(ClusterError) -> ServerAccount {
        let own = geteuid()
        if own != 0 { return ServerAccount(uid: own, gid: getegid(), isOurs: true) }
        // What an earlier start has created goes on under the account that owns it.
        if let ownerOfData, ownerOfData != 0, let entry = getpwuid(ownerOfData) {
            return ServerAccount(uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid, isOurs: false)
        }
        for name in ["postgres", "nobody"] {
            if let entry = getpwnam(name), entry.pointee.pw_uid != 0 {
                return ServerAccount(uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid, isOurs: false)
            }
        }
        throw .accountMissing
    }

    /// The command, led by what changes the account.
    func command(_ words: [String]) -> [String] {
        isOurs ? words : ["/usr/bin/setpriv", "--reuid=\(uid)", "--regid=\(gid)", "--clear-groups", "--no-new-privs", "--"] + words
    }

    /// Whether every directory above (and the path itself, when it exists) lets the account through.
    func canEnter(_ path: String) -> Bool {
        var current = path
        while true {
            var status = stat()
            if stat(current, &status) == 0 {
                let bit: UInt32 = status.st_uid == uid ? 0o100 : status.st_gid == gid ? 0o010 : 0o001
                if status.st_mode & bit == 0 { return false }
            }
            guard let slash = current.lastIndex(of: "/"), current != "/" else { return true }
            current = slash == current.startIndex ? "/" : String(current[..<slash])
        }
    }
}
