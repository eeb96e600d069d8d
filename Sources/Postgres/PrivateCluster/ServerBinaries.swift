import Glibc

/// Where initdb and postgres are: in PATH, else where pg_config says, else where Debian and others put them.
struct ServerBinaries: Sendable, Equatable {
    let initdb: String
    let postgres: String

    /// - Throws: `ClusterError.binariesMissing`
    static func find(path: String? = getenv("PATH").map { String(cString: $0) }) throws(ClusterError) -> ServerBinaries {
        let inPath = (path ?? "").split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
        for directory in inPath + versioned("/usr/lib/postgresql") + versioned("/usr/pgsql-") + ["/usr/local/pgsql/bin"] {
            let binaries = ServerBinaries(initdb: "\(directory)/initdb", postgres: "\(directory)/postgres")
            if access(binaries.initdb, X_OK) == 0, access(binaries.postgres, X_OK) == 0 { return binaries }
        }
        throw .binariesMissing
    }

    /// The `bin` directories below or beside a path that ends in version numbers, newest first.
    private static func versioned(_ prefix: String) -> [String] {
        (14...30).reversed().flatMap { ["\(prefix)/\($0)/bin", "\(prefix)\($0)/bin"] }
    }
}
