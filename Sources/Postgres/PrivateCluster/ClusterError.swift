/// Why the private cluster can't run: for the operator, one sentence that says what to do.
package enum ClusterError: Error, Equatable, CustomStringConvertible {
    case binariesMissing
    case accountMissing
    case unsafeDirectory(String, reason: String)
    case failed(String)

    package var description: String {
        switch self {
        case .binariesMissing:
            "PostgreSQL's server programs (initdb, postgres) were not found. Install the package `postgresql` (apt-get install postgresql),"
                + " or set GATEHOUSE_DATABASE_URL to use a server of your own."
        case .accountMissing:
            "PostgreSQL refuses to run as root, and neither the account `postgres` nor `nobody` exists."
        case .unsafeDirectory(let path, let reason): "\(path) can't be used for the private PostgreSQL cluster: \(reason)"
        case .failed(let reason): "the private PostgreSQL cluster does not start: \(reason)"
        }
    }
}
