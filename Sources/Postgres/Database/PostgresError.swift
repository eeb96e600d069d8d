/// Everything that this wing throws.
///
/// The description is for logs: it carries the server's primary message (never its DETAIL, which quotes stored values).
package struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// No connection, a lost one, or a server that is starting, stopping, full or out of connections.
        case unavailable(String)
        /// Waited too long for a connection, or the statement ran too long.
        case timeout(String)
        /// More callers are waiting for a connection than `PostgresSettings.waitersMax`.
        case queueFull
        /// The server refused the statement. `sqlState` is the five-character code (PostgreSQL appendix A).
        case server(sqlState: String, message: String, constraint: String?)
        /// A row did not have the type that the caller asked for.
        case decoding(String)
        /// A parameter or setting can't be expressed to the server.
        case encoding(String)
        /// The Swift task was cancelled, and the statement with it.
        case cancelled
    }

    package let kind: Kind
    /// True when the answer was lost after the statement (or COMMIT) was sent: its effects may be stored.
    package let mayHaveCommitted: Bool

    package init(_ kind: Kind, mayHaveCommitted: Bool = false) {
        self.kind = kind
        self.mayHaveCommitted = mayHaveCommitted
    }

    /// True when trying again later is the right answer (HTTP 503).
    package var isUnavailable: Bool {
        switch kind {
        case .unavailable, .timeout, .queueFull: true
        case .server, .decoding, .encoding, .cancelled: false
        }
    }

    /// The five-character code when the server itself refused.
    package var sqlState: String? {
        if case .server(let sqlState, _, _) = kind { sqlState } else { nil }
    }

    /// True for a unique violation (23505) of this constraint or index, or of any when `constraint` is nil.
    package func violatesUnique(_ constraint: String? = nil) -> Bool {
        guard case .server("23505", _, let violated) = kind else { return false }
        return constraint == nil || violated == constraint
    }

    /// True for a serialization failure or a deadlock (40001, 40P01): the transaction may be run again.
    package var isRetryableConflict: Bool {
        guard case .server(let sqlState, _, _) = kind else { return false }
        return sqlState == "40001" || sqlState == "40P01"
    }

    package var description: String {
        let suffix = mayHaveCommitted ? " (may have been committed)" : ""
        switch kind {
        case .unavailable(let reason): return "PostgreSQL is unavailable: \(reason)\(suffix)"
        case .timeout(let reason): return "PostgreSQL timed out: \(reason)\(suffix)"
        case .queueFull: return "too many callers wait for a PostgreSQL connection"
        case .server(let sqlState, let message, let constraint):
            return "PostgreSQL refused (\(sqlState)): \(message)\(constraint.map { " [\($0)]" } ?? "")"
        case .decoding(let reason): return "PostgreSQL row: \(reason)"
        case .encoding(let reason): return "PostgreSQL parameter: \(reason)"
        case .cancelled: return "the PostgreSQL statement was cancelled\(suffix)"
        }
    }
}
