import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres
import Runtime
import Web

/// Browsers that are expected back from a provider. Every method throws `PostgresError`, `MasterKeyError`.
struct FederationFlowStore: Sendable {
    /// A flow and whose it is.
    struct Found: Sendable {
        let flow: FederationFlow
        let browser: TokenHash
        /// What a cross-site POST has brought for it.
        let delivery: [UInt8]?
    }

    private static let table = "federation_flows"

    private let database: any Queryable
    private let masterKeys: MasterKeys

    init(_ database: any Queryable, masterKeys: MasterKeys) {
        self.database = database
        self.masterKeys = masterKeys
    }

    func insert(_ flow: FederationFlow, state: OpaqueToken, browser: TokenHash, randomness: any Randomness) async throws {
        var signIn: UUID?
        var session: UUID?
        switch flow.purpose {
        case .signIn(let id): signIn = id
        case .link(let id): session = id
        }
        let secrets = try masterKeys.seal(
            flow.secrets.encoded(), table: Self.table, column: "secrets", row: Self.row(flow.id), randomness: randomness)
        try await database.execute(
            """
            insert into federation_flows (id, state_hash, provider_id, browser_hash, sign_in_id, session_id, secrets, created_at, expires_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            [
                .uuid(flow.id), .bytes(state.hash.bytes), .text(flow.providerID), .bytes(browser.bytes), .optionalUUID(signIn),
                .optionalUUID(session), .bytes(secrets), .timestamp(flow.createdAt), .timestamp(flow.createdAt + FederationFlow.lifetime),
            ])
    }

    func find(state: String, now: Date) async throws -> Found? {
        let found = try await database.first(
            """
            select id, provider_id, browser_hash, sign_in_id, session_id, secrets, delivery, created_at from federation_flows
            where state_hash = $1 and expires_at > $2
            """, [.bytes(TokenHash(of: state).bytes), .timestamp(now)]
        ) { row in
            (
                id: try row.uuid(0), provider: try row.text(1), browser: TokenHash(stored: try row.bytes(2)),
                signIn: try row.optionalUUID(3),
                session: try row.optionalUUID(4), secrets: try row.bytes(5), delivery: try row.optionalBytes(6), createdAt: try row.date(7)
            )
        }
        guard let found, let browser = found.browser,
            let purpose = found.signIn.map(FederationFlow.Purpose.signIn) ?? found.session.map(FederationFlow.Purpose.link)
        else { return nil }
        let row = Self.row(found.id)
        let secrets = try JSONValue(parsing: masterKeys.open(found.secrets, table: Self.table, column: "secrets", row: row))
        guard let nonce = secrets["nonce"]?.string, let verifier = secrets["code_verifier"]?.string else { return nil }
        let asksForProof = secrets["asks_for_proof"]?.bool ?? false
        return Found(
            flow: FederationFlow(
                id: found.id, providerID: found.provider, purpose: purpose, nonce: nonce, codeVerifier: verifier,
                handle: secrets["handle"]?.string, asksForProof: asksForProof,
                requiresProof: secrets["requires_proof"]?.bool ?? asksForProof, createdAt: found.createdAt),
            browser: browser,
            delivery: try found.delivery.map { try masterKeys.open($0, table: Self.table, column: "delivery", row: row) })
    }

    /// Keeps what a cross-site POST brought, once, until the browser comes for it.
    func deliver(_ parameters: [UInt8], to id: UUID, randomness: any Randomness) async throws {
        let sealed = try masterKeys.seal(parameters, table: Self.table, column: "delivery", row: Self.row(id), randomness: randomness)
        try await database.execute(
            "update federation_flows set delivery = $2 where id = $1 and delivery is null", [.uuid(id), .bytes(sealed)])
    }

    /// - Returns: false when somebody else was first: a state counts once.
    func consume(_ id: UUID) async throws -> Bool {
        try await database.execute("delete from federation_flows where id = $1", [.uuid(id)]) == 1
    }

    static func eraseExpired(in database: any Queryable, now: Date, countMax: Int) async throws -> Int {
        try await database.execute(
            """
            delete from federation_flows where id in (
                select id from federation_flows where expires_at < $1 order by expires_at limit $2 for update skip locked)
            """, [.timestamp(now), .int(countMax)])
    }

    private static func row(_ id: UUID) -> String { id.uuidString.lowercased() }
}
