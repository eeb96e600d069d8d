import Postgres

/// What backups ask of the database itself. Every method throws `PostgresError`.
enum BackupStore {
    /// Lets another connection see what this transaction sees.
    static func exportSnapshot(_ transaction: Transaction) async throws -> String {
        guard let name = try await transaction.first("select pg_export_snapshot()", { try $0.text(0) }) else {
            throw PostgresError(.decoding("pg_export_snapshot gave no row"))
        }
        return name
    }

    /// The server's major version.
    static func serverVersion(_ transaction: Transaction) async throws -> Int {
        try await transaction.first("select current_setting('server_version_num')::int / 10000") { try $0.int(0) } ?? 0
    }

    /// Whether there is nothing of anybody's: no table, view, sequence, function or type outside of the system's schemas.
    static func isEmpty(_ transaction: Transaction) async throws -> Bool {
        let found = try await transaction.first(
            """
            with ours as (select oid from pg_namespace where nspname not like 'pg\\_%' and nspname <> 'information_schema')
            select exists (select from pg_class join ours on relnamespace = ours.oid
                    where not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e'))
                or exists (select from pg_proc join ours on pronamespace = ours.oid
                    where not exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e'))
                or exists (select from pg_type join ours on typnamespace = ours.oid
                    where not exists (select from pg_depend where classid = 'pg_type'::regclass and objid = pg_type.oid and deptype = 'e'))
            """
        ) { try $0.bool(0) }
        return found == false
    }
}
