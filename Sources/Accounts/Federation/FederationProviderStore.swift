import FoundationEssentials
import Keys
import Postgres
import Runtime

/// Providers in the database, their secrets sealed. Every method throws `PostgresError`, `MasterKeyError`.
package struct FederationProviderStore: Sendable {
    /// A row. A provider that this version can't read counts as none, and so does one whose secret can't be opened: it alone is out of use
    /// until the settings file gives it anew.
    package struct Stored: Sendable {
        package let id: String
        package let provider: FederationProvider?
        /// Why the secret can't be opened.
        package let unopened: MasterKeyError?
        package let position: Int
        package let isDeclared: Bool
        package let disabledAt: Date?
    }

    private let database: any Queryable
    private let masterKeys: MasterKeys

    package init(_ database: any Queryable, masterKeys: MasterKeys) {
        self.database = database
        self.masterKeys = masterKeys
    }

    /// In the order of the buttons.
    package func list() async throws -> [Stored] {
        let rows = try await database.all(
            """
            select id, configuration, secret, position, declared, disabled_at from federation_providers order by position, id
            """, []
        ) { row in
            (
                id: try row.text(0), configuration: try row.json(1), secret: try row.optionalBytes(2), position: try row.int(3),
                isDeclared: try row.bool(4), disabledAt: try row.optionalDate(5)
            )
        }
        return rows.map { row in
            var provider = try? JSONDecoder().decode(FederationProvider.self, from: Data(row.configuration))
            var unopened: MasterKeyError?
            if let sealed = row.secret {
                do throws(MasterKeyError) {
                    let bytes = try masterKeys.open(sealed, table: "federation_providers", column: "secret", row: row.id)
                    provider?.secret = FederationSecret(String(decoding: bytes, as: UTF8.self))
                } catch {
                    unopened = error
                    provider = nil
                }
            }
            return Stored(
                id: row.id, provider: provider?.id == row.id ? provider : nil, unopened: unopened, position: row.position,
                isDeclared: row.isDeclared, disabledAt: row.disabledAt)
        }
    }

    /// Inserts a provider, or puts it in the place of the one with its id.
    package func put(
        _ provider: FederationProvider, position: Int, isDeclared: Bool, randomness: any Randomness, now: Date
    ) async throws {
        let secret = try provider.secret.map {
            try masterKeys.seal(
                Array($0.text.utf8), table: "federation_providers", column: "secret", row: provider.id, randomness: randomness)
        }
        try await database.execute(
            """
            insert into federation_providers (id, name, icon, configuration, secret, position, declared, created_at, updated_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
            on conflict (id) do update set name = excluded.name, icon = excluded.icon, configuration = excluded.configuration,
                secret = excluded.secret, position = excluded.position, declared = excluded.declared, disabled_at = null,
                updated_at = excluded.updated_at
            """,
            [
                .text(provider.id), .text(provider.name), .text(provider.icon.rawValue),
                .json(Array(try JSONEncoder().encode(provider))), .optionalBytes(secret), .int(position), .bool(isDeclared),
                .timestamp(now),
            ])
    }

    /// Nobody signs in with it any more; what is linked stays linked.
    package func disable(_ id: String, now: Date) async throws {
        try await database.execute(
            "update federation_providers set disabled_at = coalesce(disabled_at, $2) where id = $1", [.text(id), .timestamp(now)])
    }

    /// With every identity that is linked.
    package func erase(_ id: String) async throws {
        try await database.execute("delete from federation_providers where id = $1", [.text(id)])
    }

    /// Tells all nodes, once the transaction has ended.
    package func announceChange() async throws {
        try await database.execute("select pg_notify('gatehouse', 'federation')", [])
    }
}
