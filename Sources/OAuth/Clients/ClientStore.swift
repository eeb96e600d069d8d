import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres
import Runtime

/// Clients in the database. Every method throws `PostgresError`.
package struct ClientStore: Sendable {
    private static let columns = """
        client_id, secret_hash, metadata, origin, scopes, audiences, pkce_required, consent, access_token_seconds, roles, allowed_origins,
        registration_token_hash, disabled_at, access_token_algorithm, created_at, updated_at
        """

    private let database: any Queryable

    package init(_ database: any Queryable) {
        self.database = database
    }

    package func find(id: String) async throws -> Client? {
        try await database.first("select \(Self.columns) from clients where client_id = $1", [.text(id)], Self.decode)
    }

    /// - Parameter after: the last id of the previous page.
    package func list(after: String = "", countMax: Int = 100) async throws -> [Client] {
        try await database.all(
            "select \(Self.columns) from clients where client_id > $1 order by client_id limit $2", [.text(after), .int(countMax)],
            Self.decode)
    }

    package func listDeclared() async throws -> [Client] {
        try await database.all("select \(Self.columns) from clients where origin = 'declared' order by client_id", [], Self.decode)
    }

    /// Clients that authenticate by a name in their certificate, but for those that registered themselves.
    func listByCertificate(countMax: Int) async throws -> [Client] {
        try await database.all(
            """
            select \(Self.columns) from clients
            where metadata ->> 'token_endpoint_auth_method' = 'tls_client_auth' and origin <> 'registered' and disabled_at is null
            order by client_id limit $1
            """, [.int(countMax)], Self.decode)
    }

    package func countRegistered() async throws -> Int {
        try await database.first("select count(*) from clients where origin = 'registered'", []) { try $0.int(0) } ?? 0
    }

    package func insert(_ client: Client) async throws {
        try await database.execute(
            """
            insert into clients (\(Self.columns)) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
            """, Self.values(client) + [.timestamp(client.createdAt), .timestamp(client.updatedAt)])
        try await replaceOrigins(of: client)
    }

    package func update(_ client: Client, now: Date) async throws {
        try await database.execute(
            """
            update clients set secret_hash = $2, metadata = $3, origin = $4, scopes = $5, audiences = $6, pkce_required = $7, consent = $8,
                access_token_seconds = $9, roles = $10, allowed_origins = $11, registration_token_hash = $12, disabled_at = $13,
                access_token_algorithm = $14, updated_at = $15
            where client_id = $1
            """, Self.values(client) + [.timestamp(now)])
        try await replaceOrigins(of: client)
    }

    /// Erases a client with its grants; until `accessUntil` the access tokens that it has are refused. Those of a client that takes
    /// the same id later are not: hence a not-before, beyond what nodes' clocks differ by.
    package func erase(_ id: String, now: Date, accessUntil: Date) async throws {
        try await database.execute("delete from clients where client_id = $1", [.text(id)])
        try await database.execute(
            "select revocation_record_v1('client', $1, $2, $3)", [.text(id), .timestamp(now + .seconds(10)), .timestamp(accessUntil)])
    }

    /// Tells every node, when the transaction commits, that clients have changed.
    package func announceChange() async throws {
        try await database.execute("select pg_notify('gatehouse', 'clients')", [])
    }

    package func hasOrigin(_ origin: String) async throws -> Bool {
        try await database.first(
            """
            select exists (select from client_origins join clients using (client_id) where client_origins.origin = $1 and disabled_at is null)
            """, [.text(origin)]
        ) { try $0.bool(0) } ?? false
    }

    private func replaceOrigins(of client: Client) async throws {
        try await database.execute("delete from client_origins where client_id = $1", [.text(client.id)])
        try await database.execute(
            "insert into client_origins (client_id, origin) select $1, unnest($2::text[])",
            [.text(client.id), .texts(client.webOrigins.sorted())])
    }

    private static func values(_ client: Client) -> [PostgresValue] {
        [
            .text(client.id), .optionalBytes(client.secretHash?.bytes), .json(client.metadata.json.encoded()),
            .text(client.origin.rawValue),
            .texts(client.scopes.array), .texts(client.audiences), .bool(client.isPKCERequired), .text(client.consent.rawValue),
            .optionalInt(client.accessTokenLifetime.map { Int($0.components.seconds) }), .texts(client.roles),
            .texts(client.allowedOrigins), .optionalBytes(client.registrationTokenHash?.bytes), .optionalTimestamp(client.disabledAt),
            .optionalText(client.accessTokenAlgorithm?.rawValue),
        ]
    }

    private static func decode(_ row: PostgresRow) throws -> Client {
        guard let origin = Client.Origin(rawValue: try row.text(3)), let consent = Client.Consent(rawValue: try row.text(7)) else {
            throw PostgresError(.decoding("clients.origin or clients.consent holds an unknown word"))
        }
        var client = Client(
            id: try row.text(0),
            metadata: try ClientMetadata(registering: JSONValue(parsing: row.json(2), bytesMax: 1_048_576), policy: .declared),
            origin: origin,
            scopes: try ScopeSet(row.texts(4)), now: try row.date(14))
        client.secretHash = try row.optionalBytes(1).flatMap(TokenHash.init(stored:))
        client.audiences = try row.texts(5)
        client.isPKCERequired = try row.bool(6)
        client.consent = consent
        client.accessTokenLifetime = try row.optionalInt(8).map { .seconds($0) }
        client.roles = try row.texts(9)
        client.allowedOrigins = try row.texts(10)
        client.registrationTokenHash = try row.optionalBytes(11).flatMap(TokenHash.init(stored:))
        client.disabledAt = try row.optionalDate(12)
        client.accessTokenAlgorithm = try row.optionalText(13).flatMap(SigningAlgorithm.init(rawValue:))
        client.updatedAt = try row.date(15)
        return client
    }
}
