import FoundationEssentials
import Guard
import OAuthProtocol
import Postgres
import Web

/// What the tables of credentials have in common. Every method throws `PostgresError`.
struct CredentialStore: Sendable {
    /// The tables; NOTIFY names them too.
    enum Table: String, Sendable {
        case apiKeys = "api_keys"
        case signatureKeys = "signature_keys"
    }

    private let table: Table
    private let database: any Queryable

    init(_ table: Table, _ database: any Queryable) {
        self.table = table
        self.database = database
    }

    // MARK: Columns

    /// How many columns ``columns(of:)`` names.
    static let columnCount = 15

    static func columns(of table: Table) -> String {
        let name = table.rawValue
        return """
            \(name).key_id, \(name).user_id, \(name).client_id, \(name).name, \(name).scopes, \(name).audiences, \(name).networks,
            \(name).limit_burst, \(name).limit_per_minute, \(name).expires_at, \(name).revoked_at, \(name).last_used_at, \(name).created_at,
            coalesce(users.roles, clients.roles), users.disabled_at is not null or clients.disabled_at is not null
            """
    }

    /// The table beside its owners.
    static func source(of table: Table) -> String {
        let name = table.rawValue
        return "\(name) left join users on users.id = \(name).user_id left join clients on clients.client_id = \(name).client_id"
    }

    static func decode(_ row: PostgresRow) throws -> Credential {
        guard let owner = try row.optionalUUID(1).map(CredentialOwner.user) ?? row.optionalText(2).map(CredentialOwner.client) else {
            throw PostgresError(.decoding("a credential without an owner"))
        }
        var terms = CredentialTerms(owner: owner, name: try row.text(3), scopes: ScopeSet(try row.texts(4)))
        terms.audiences = try row.texts(5)
        terms.networks = try row.texts(6).map { text in
            guard let network = AddressNetwork(parsing: text) else { throw PostgresError(.decoding("a credential's network is no CIDR")) }
            return network
        }
        if let burst = try row.optionalInt(7), let perMinute = try row.optionalDouble(8) {
            terms.limit = AttemptLimit(burst: burst, perMinute: perMinute)
        }
        terms.expiresAt = try row.optionalDate(9)
        var credential = Credential(id: try row.text(0), terms: terms, now: try row.date(12))
        credential.revokedAt = try row.optionalDate(10)
        credential.lastUsedAt = try row.optionalDate(11)
        credential.ownerRoles = try row.optionalTexts(13) ?? []
        credential.isOwnerDisabled = try row.optionalBool(14) ?? true
        return credential
    }

    // MARK: Reading

    /// A page of whole rows.
    /// - Parameters:
    ///   - more: further columns, from position ``columnCount`` on.
    ///   - owner: nil for everybody's.
    ///   - after: the last id of the previous page.
    func list<T: Sendable>(
        more: String, owner: CredentialOwner?, after: String, countMax: Int, _ decode: (PostgresRow) throws -> T
    ) async throws -> [T] {
        let (userID, clientID) = Self.values(owner)
        let name = table.rawValue
        return try await database.all(
            """
            select \(Self.columns(of: table)), \(more) from \(Self.source(of: table))
            where key_id > $1 and ($2::uuid is null or \(name).user_id = $2) and ($3::text is null or \(name).client_id = $3)
            order by key_id limit $4
            """, [.text(after), userID, clientID, .int(countMax)], decode)
    }

    /// The one row where `column` has this value.
    func find<T: Sendable>(
        more: String, where column: String, is value: PostgresValue, _ decode: (PostgresRow) throws -> T
    ) async throws -> T? {
        try await database.first(
            "select \(Self.columns(of: table)), \(more) from \(Self.source(of: table)) where \(table.rawValue).\(column) = $1", [value],
            decode)
    }

    /// - Throws: `invalid_request` where the owner has ``Credential/perOwnerMax`` that work.
    func requireRoom(for owner: CredentialOwner, now: Date) async throws {
        let (userID, clientID) = Self.values(owner)
        let count = try await database.first(
            """
            select count(*) from \(table.rawValue)
            where ($1::uuid is null or user_id = $1) and ($2::text is null or client_id = $2)
                and revoked_at is null and (expires_at is null or expires_at > $3)
            """, [userID, clientID, .timestamp(now)]
        ) { try $0.int(0) }
        guard (count ?? 0) < Credential.perOwnerMax else { throw OAuthError.invalidRequest("This owner has too many keys.") }
    }

    // MARK: Writing

    /// - Parameter more: further columns with their values.
    func insert(_ credential: Credential, more: [(column: String, value: PostgresValue)]) async throws {
        let terms = credential.terms
        let (userID, clientID) = Self.values(terms.owner)
        let cells: [(column: String, value: PostgresValue)] =
            [
                ("key_id", .text(credential.id)), ("user_id", userID), ("client_id", clientID), ("name", .text(terms.name)),
                ("scopes", .texts(terms.scopes.array)), ("audiences", .texts(terms.audiences)),
                ("networks", .texts(terms.networks.map(\.description))), ("limit_burst", .optionalInt(terms.limit?.burst)),
                ("limit_per_minute", .optionalDouble(terms.limit?.perMinute)), ("expires_at", .optionalTimestamp(terms.expiresAt)),
                ("created_at", .timestamp(credential.createdAt)),
            ] + more
        let places = cells.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        try await database.execute(
            "insert into \(table.rawValue) (\(cells.map(\.column).joined(separator: ", "))) values (\(places))", cells.map(\.value))
    }

    /// - Parameter erasing: columns that become null.
    /// - Returns: whether it worked until now.
    func revoke(_ id: String, erasing columns: [String] = [], now: Date) async throws -> Bool {
        let erasures = columns.map { ", \($0) = null" }.joined()
        return try await database.execute(
            "update \(table.rawValue) set revoked_at = $2\(erasures) where key_id = $1 and revoked_at is null",
            [.text(id), .timestamp(now)]) == 1
    }

    /// Tells every node, when the transaction commits, that credentials of this kind have changed.
    func announceChange() async throws {
        try await database.execute("select pg_notify('gatehouse', $1)", [.text(table.rawValue)])
    }

    /// Writes when credentials were last used, many at once.
    func noteUse(_ uses: [(id: String, at: Date)]) async throws {
        guard !uses.isEmpty else { return }
        try await database.execute(
            """
            update \(table.rawValue) set last_used_at = greatest(last_used_at, used.at)
            from unnest($1::text[], $2::timestamptz[]) as used (id, at) where key_id = used.id
            """, [.texts(uses.map(\.id)), .timestamps(uses.map(\.at))])
    }

    private static func values(_ owner: CredentialOwner?) -> (PostgresValue, PostgresValue) {
        switch owner {
        case nil: (.optionalUUID(nil), .optionalText(nil))
        case .user(let id): (.uuid(id), .optionalText(nil))
        case .client(let id): (.optionalUUID(nil), .text(id))
        }
    }
}
