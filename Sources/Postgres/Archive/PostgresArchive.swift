import CLibpq
import FoundationEssentials
import Glibc

/// A database as one file, made and read by PostgreSQL's own `pg_dump` and `pg_restore`.
///
/// Passwords go to them through the environment, which only their own account can read; never on the command line.
package struct PostgresArchive: Sendable {
    private let environment: [String]
    /// What has no variable, for libpq to read.
    private let connection: String
    private let serverVersion: Int?

    /// - Parameters:
    ///   - settings: the direct address is used where there is one.
    ///   - serverVersion: its major version, whose programs are taken where they are installed; nil: not known.
    /// - Throws: `PostgresError` (`encoding`) when the connection string is malformed.
    package init(_ settings: PostgresSettings, serverVersion: Int? = nil) throws {
        let values = try ConnectionParameters.parse(settings.directConnectionString ?? settings.connectionString)
        (environment, connection) = try Self.split(values)
        self.serverVersion = serverVersion
    }

    /// Writes the database as it is in a transaction's snapshot. What is unlogged is left out, as a crash would leave it out.
    /// - Parameters:
    ///   - path: absolute; an existing file keeps its mode.
    ///   - snapshot: of `pg_export_snapshot()`, whose transaction must be open until this returns.
    ///   - excluding: patterns of tables that come and go, and that a dump could miss between looking and locking.
    ///   - log: the program's words.
    /// - Throws: ``ArchiveError``.
    package func dump(to path: String, snapshot: String, excluding: [String], log: String) async throws {
        let words = [
            "--format=custom", "--no-owner", "--no-privileges", "--no-unlogged-table-data", "--lock-wait-timeout=60s",
            "--snapshot=\(snapshot)", "--file=\(path)",
        ]
        try await run("pg_dump", words + excluding.map { "--exclude-table=\($0)" }, log: log)
    }

    /// Fills an empty database, wholly or not at all.
    /// - Throws: ``ArchiveError``.
    package func restore(from path: String, log: String) async throws {
        let words = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", path]
        try await run("pg_restore", words, log: log)
    }

    private func run(_ name: String, _ words: [String], log: String) async throws {
        let program = try Self.find(name, serverVersion: serverVersion)
        let command = [program, "--no-password", "--dbname=\(connection)"] + words
        let environment = environment
        let hasEndedWell = try await SideThread.run("gatehouse-\(name)") {
            do {
                return ChildProcess.wait(try ChildProcess.start(command, environment: environment, log: log, isDetached: false))
            } catch {
                throw ArchiveError.failed(name, reason: "\(program) can not be started")
            }
        }
        guard hasEndedWell else {
            throw ArchiveError.failed(name, reason: SmallFile.tail(log).split(separator: "\n").suffix(3).joined(separator: " | "))
        }
    }

    /// The server's own, whose dumps it can certainly read back; else the newest that is installed, which reads servers of every age, while
    /// the one that Debian puts into PATH goes by the local cluster.
    private static func find(_ name: String, serverVersion: Int?) throws(ArchiveError) -> String {
        let versioned = ([serverVersion].compactMap(\.self) + (14...30).reversed()).flatMap {
            ["/usr/lib/postgresql/\($0)/bin", "/usr/pgsql-\($0)/bin"]
        }
        let inPath = (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
        for directory in versioned + inPath + ["/usr/local/pgsql/bin"] where access("\(directory)/\(name)", X_OK) == 0 {
            return "\(directory)/\(name)"
        }
        throw .programMissing(name)
    }

    /// What these programs need to find themselves, their words and their server. All else stays here: master keys and the secrets that
    /// settings name by variables of any name are none of their business.
    static func isPassedOn(_ variable: String) -> Bool {
        ["PATH", "HOME", "LANG", "TZ"].contains(variable) || ["LC_", "PG", "SSL_", "KRB5"].contains { variable.hasPrefix($0) }
    }

    /// libpq's own variables for what has one.
    private static func split(_ values: [String: String]) throws(PostgresError) -> (environment: [String], connection: String) {
        guard let options = PQconndefaults() else { throw PostgresError(.encoding("out of memory")) }
        defer { PQconninfoFree(options) }
        var variables = ProcessInfo.processInfo.environment.filter { isPassedOn($0.key) }
        // Never empty: pg_restore without a database prints instead of restoring.
        var rest = ["fallback_application_name='gatehouse'"]
        var option = options
        while let keyword = option.pointee.keyword {
            defer { option += 1 }
            let name = String(cString: keyword)
            guard let value = values[name] else { continue }
            if let variable = option.pointee.envvar {
                variables[String(cString: variable)] = value
            } else if option.pointee.dispchar.map({ $0.pointee == CChar(UInt8(ascii: "*")) }) == true {
                throw PostgresError(.encoding("\(name) can't be handed on safely: use a key file without a password"))
            } else {
                rest.append("\(name)='\(value.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'")
            }
        }
        return (variables.map { "\($0.key)=\($0.value)" }, rest.joined(separator: " "))
    }
}

/// Why a database was not written to a file, or not read from one. For the operator.
package enum ArchiveError: Error, Equatable, CustomStringConvertible {
    case programMissing(String)
    /// `reason` is the end of what the program said.
    case failed(String, reason: String)

    package var description: String {
        switch self {
        case .programMissing(let name): "\(name) was not found: install PostgreSQL's client programs (apt-get install postgresql-client)"
        case .failed(let name, let reason): "\(name) failed: \(reason)"
        }
    }
}
