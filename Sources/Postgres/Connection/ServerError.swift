import CLibpq

/// The server's own error report, as libpq hands it over.
struct ServerError {
    let sqlState: String
    /// FATAL and PANIC end the session.
    let endsSession: Bool
    private let message: String
    private let constraint: String?

    init(_ result: OpaquePointer) {
        func field(_ code: UInt8) -> String? { PQresultErrorField(result, Int32(code)).map { String(cString: $0) } }
        // The field codes are those of the protocol (PostgreSQL §55.8); libpq's macros are character literals, unseen by Swift.
        sqlState = field(UInt8(ascii: "C")) ?? ""
        message = field(UInt8(ascii: "M")) ?? PQresultErrorMessage(result).map { String(cString: $0).firstLine } ?? ""
        constraint = field(UInt8(ascii: "n"))
        let severity = field(UInt8(ascii: "V"))
        endsSession = severity == "FATAL" || severity == "PANIC"
    }

    /// The session was told to end before it had answered anything.
    var isAdministrativeShutdown: Bool { endsSession && sqlState == "57P01" }

    /// The prepared statement can't be used any more, and nothing was run.
    var invalidatesStatement: Bool {
        sqlState == "26000" || (sqlState == "0A000" && message.contains("cached plan"))
    }

    func error(wasCancelled: Bool) -> PostgresError {
        switch sqlState {
        case "57014": PostgresError(wasCancelled ? .cancelled : .timeout(message))
        // Shutting down, starting, out of room, memory or connections, connection trouble, a standby after a failover.
        case "57P01", "57P02", "57P03", "57P05", "25P03", "25006": PostgresError(.unavailable(message))
        case let state where state.hasPrefix("53") || state.hasPrefix("08"): PostgresError(.unavailable(message))
        case "": PostgresError(.unavailable(message))
        default: PostgresError(.server(sqlState: sqlState, message: message, constraint: constraint))
        }
    }
}

extension String {
    /// libpq's messages end in a newline and may have several lines.
    var firstLine: String { String(prefix { $0 != "\n" && $0 != "\r\n" }) }
}
