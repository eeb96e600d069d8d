import Foundation
import Postgres
import Synchronization

/// What a test run leaves in /tmp: removed at exit, or by the next run when this one is killed.
package enum TestRemains {
    private static let prefix = "gatehouse-test-"
    private static let parents = ["/dev/shm", "/tmp"]
    private static let roomBytesMin: UInt = 4 << 30

    /// In memory when there is room: dozens of databases are cloned and thrown away.
    package static let directory: String = {
        var status = statvfs()
        let hasRoom = statvfs("/dev/shm", &status) == 0 && UInt(status.f_bavail) * UInt(status.f_frsize) >= roomBytesMin
        return "\(hasRoom ? parents[0] : parents[1])/\(prefix)\(getpid())"
    }()
    private static let clusters = Mutex<[PrivateCluster]>([])

    /// Ends the cluster and removes its data when the process exits.
    static func removeAtExit(_ cluster: PrivateCluster) {
        let isFirst = clusters.withLock { clusters in
            clusters.append(cluster)
            return clusters.count == 1
        }
        guard isFirst else { return }
        atexit {
            for cluster in TestRemains.clusters.withLock({ $0 }) {
                cluster.kill()
                TestRemains.remove(cluster.directory)
            }
        }
    }

    /// Removes clusters whose test process is gone, aside: a killed run leaves many files.
    static func sweep() {
        Thread.detachNewThread {
            for parent in parents {
                for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] where name.hasPrefix(prefix) {
                    // Tests add a word to the number for clusters of their own.
                    guard let owner = Int32(name.dropFirst(prefix.count).prefix { $0.isNumber }), kill(owner, 0) != 0, errno == ESRCH
                    else { continue }
                    remove("\(parent)/\(name)")
                }
            }
        }
    }

    /// Ends the server at once – nothing in there is worth a shutdown – and removes data and socket directory.
    package static func remove(_ directory: String) {
        let file = try? String(contentsOfFile: "\(directory)/data/postmaster.pid", encoding: .utf8)
        let lines = file?.split(separator: "\n", omittingEmptySubsequences: false) ?? []
        if let processID = lines.first.flatMap({ Int32($0) }), processID > 1, isServer(processID, of: directory) {
            kill(processID, SIGQUIT)
            for _ in 0..<500 where waitpid(processID, nil, WNOHANG) != processID && kill(processID, 0) == 0 { usleep(10_000) }
        }
        if lines.count > 4, lines[4].hasPrefix("/tmp/gatehouse-") { try? FileManager.default.removeItem(atPath: String(lines[4])) }
        try? FileManager.default.removeItem(atPath: directory)
    }

    private static func isServer(_ processID: Int32, of directory: String) -> Bool {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(processID)/cwd")) == "\(directory)/data"
    }
}
