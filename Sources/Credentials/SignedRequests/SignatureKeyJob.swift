import FoundationEssentials
import Postgres
import Runtime

/// Erases secrets that rotations have replaced.
package enum SignatureKeyJob {
    /// Nodes' clocks may differ: what one still accepts, another must not have erased.
    static let previousKeptFor: Duration = .seconds(60)
    private static let batchMax = 100

    package static func make(_ database: Database) -> Job {
        Job(name: "signature keys", interval: .seconds(60), reach: .oneNode) { now in
            while try await SignatureKeyStore(database).erasePrevious(before: now - previousKeptFor, countMax: batchMax) == batchMax {}
        }
    }
}
