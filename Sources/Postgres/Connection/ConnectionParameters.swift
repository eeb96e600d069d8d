import CLibpq
import Glibc

/// A parsed connection string with our defaults beneath it: what `PQconnectStartParams` gets.
struct ConnectionParameters: Sendable {
    private(set) var values: [String: String]

    /// - Throws: `PostgresError.Kind.encoding` with libpq's complaint, which never quotes a password.
    init(_ settings: PostgresSettings, direct: Bool = false) throws(PostgresError) {
        let string = direct ? settings.directConnectionString ?? settings.connectionString : settings.connectionString
        values = try Self.parse(string)
        let defaults = [
            "client_encoding": "UTF8",
            "fallback_application_name": "gatehouse",
            // The preferred mode asks a Kerberos library first, which blocks.
            "gssencmode": "disable",
            // A peer that vanished without a word is noticed within some 15 s.
            "tcp_user_timeout": "15000",
            "keepalives_idle": "10",
            "keepalives_interval": "5",
            "keepalives_count": "2",
        ]
        values.merge(defaults) { own, _ in own }
        if direct || settings.preparedStatements {
            let options = Self.sessionSettings(settings).map { "-c \($0.name)=\($0.value)" }.joined(separator: " ")
            values["options"] = values["options"].map { "\(options) \($0)" } ?? options
        }
    }

    /// What every session is started with: as start-up options, or by SET behind PgBouncer, which refuses options.
    static func sessionSettings(_ settings: PostgresSettings) -> [(name: String, value: String)] {
        [
            ("timezone", "UTC"),
            // Statements here take less than a millisecond; compiling one, which a wrong guess of its cost would begin, takes a hundred.
            ("jit", "off"),
            // Rows are found by an index; a plan that was kept from when a table was small must not scan it when it has grown.
            ("enable_seqscan", "off"),
            ("statement_timeout", String(settings.queryTimeMax.wholeMilliseconds)),
            ("idle_in_transaction_session_timeout", String(settings.idleInTransactionTimeMax.wholeMilliseconds)),
        ]
    }

    static func parse(_ string: String) throws(PostgresError) -> [String: String] {
        var complaint: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(string, &complaint) else {
            defer { PQfreemem(complaint) }
            // libpq may quote the offending part of a URI, password included: only say that it's wrong.
            throw PostgresError(.encoding("the connection string is neither a PostgreSQL URI nor key=value pairs"))
        }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return values
    }

    /// Looks up every host name, so that libpq has nothing left to resolve. Blocks: only on a side thread.
    ///
    /// Each host becomes as many entries as it has addresses; libpq tries them in turn and checks certificates against `host`.
    func resolved() throws(PostgresError) -> ConnectionParameters {
        let hostList = values["host"] ?? getenv("PGHOST").map { String(cString: $0) } ?? ""
        guard values["hostaddr"] == nil, !hostList.isEmpty else { return self }
        let hosts = hostList.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let ports = (values["port"] ?? "").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard hosts.contains(where: { !$0.isEmpty && !$0.hasPrefix("/") && !$0.hasPrefix("@") }) else { return self }
        var entries: [(host: String, address: String, port: String)] = []
        var unresolved: [String] = []
        for (index, host) in hosts.enumerated() {
            let port = ports.count == hosts.count ? ports[index] : ports.first ?? ""
            if host.isEmpty || host.hasPrefix("/") || host.hasPrefix("@") {
                entries.append((host, "", port))
                continue
            }
            let addresses = Self.addresses(of: host)
            if addresses.isEmpty { unresolved.append(host) }
            entries += addresses.map { (host, $0, port) }
        }
        guard !entries.isEmpty else {
            throw PostgresError(.unavailable("can't resolve \(unresolved.joined(separator: ", "))"))
        }
        var copy = self
        copy.values["host"] = entries.map(\.host).joined(separator: ",")
        copy.values["hostaddr"] = entries.map(\.address).joined(separator: ",")
        if !ports.isEmpty { copy.values["port"] = entries.map(\.port).joined(separator: ",") }
        return copy
    }

    private static func addresses(of host: String) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        var entry = list
        while let info = entry, addresses.count < 16 {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(info.pointee.ai_addr, info.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 {
                addresses.append(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
            }
            entry = info.pointee.ai_next
        }
        return addresses
    }

    /// Starts connecting without waiting for the network. Reads password, service and certificate files: only on a side thread.
    func startConnection() -> OpaquePointer? {
        let pairs = Array(values)
        let keywords = pairs.map { strdup($0.key) } + [nil]
        let texts = pairs.map { strdup($0.value) } + [nil]
        defer { (keywords + texts).forEach { free($0) } }
        return keywords.map { UnsafePointer($0) }.withUnsafeBufferPointer { keywords in
            texts.map { UnsafePointer($0) }.withUnsafeBufferPointer { texts in
                PQconnectStartParams(keywords.baseAddress, texts.baseAddress, 0)
            }
        }
    }
}

extension Duration {
    /// Rounded up, so that a short limit never becomes "no limit".
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
