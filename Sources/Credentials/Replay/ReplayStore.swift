import FoundationEssentials
import Postgres

/// Accepted proofs in the database, partitioned by the time that they were signed at. Every method throws `PostgresError`.
struct ReplayStore: Sendable {
    /// One arbitrary number that is locked while partitions are made.
    private static let lockKey: Int64 = 0x7265_706C_6179

    struct Answer: Sendable {
        /// Since when no accepted proof has been forgotten.
        let epochBeganAt: Date
        /// The hashes of the proofs that were not there before.
        let fresh: Set<ReplayHash>
    }

    private let database: Database

    init(_ database: Database) {
        self.database = database
    }

    /// Remembers proofs, many at once.
    /// - Returns: nil where the store was emptied by a crash: nothing was written.
    func insert(_ proofs: [ReplayProof]) async throws -> Answer? {
        // In the order of the key: two nodes with the same proofs in different orders would wait for each other. `limit 1` tells the planner
        // what it can't know: it takes a small table that was never analysed for thousands of rows, guesses that the plan hangs on the number
        // of proofs, and plans each time anew, which costs more than four proofs.
        try await database.first(
            """
            with epoch as materialized (select began_at from replay_epochs limit 1),
            fresh as (
                insert into replay_proofs (proof_hash, signed_at)
                select proof.hash, proof.signed_at from epoch, unnest($1::bytea[], $2::timestamptz[]) as proof (hash, signed_at)
                order by proof.hash, proof.signed_at
                on conflict do nothing
                returning proof_hash
            )
            select began_at, (select string_agg(proof_hash, '') from fresh) from epoch
            """, [.byteStrings(proofs.map(\.hash.bytes)), .timestamps(proofs.map(\.signedAt))]
        ) { Answer(epochBeganAt: try $0.date(0), fresh: ReplayHash.split(try $0.optionalBytes(1) ?? [])) }
    }

    /// After a crash: from now on nothing is forgotten. The first of several nodes to say so counts.
    func beginEpoch(now: Date) async throws {
        try await database.execute(
            "insert into replay_epochs (began_at) values ($1) on conflict do nothing", [.timestamp(now)])
    }

    // MARK: Partitions

    /// Those that are attached, and those whose detaching was interrupted.
    func partitions() async throws -> [(partition: ReplayPartition, isPending: Bool)] {
        try await database.all(
            """
            select c.relname::text, i.inhdetachpending from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = 'replay_proofs'::regclass order by 1
            """
        ) { (ReplayPartition(table: try $0.text(0)), try $0.bool(1)) }.compactMap { partition, isPending in
            partition.map { ($0, isPending) }
        }
    }

    /// Makes what is missing of these. Writers are not held up: attaching, unlike creating in place, takes no exclusive lock.
    func attach(_ partitions: [ReplayPartition]) async throws {
        try await database.transaction { transaction in
            try await transaction.execute("select pg_advisory_xact_lock($1)", [.int(Self.lockKey)])
            for partition in partitions {
                let exists = try await transaction.first("select to_regclass($1) is not null", [.text(partition.table)]) { try $0.bool(0) }
                guard exists != true else { continue }
                try await transaction.execute("create unlogged table \(partition.table) (like replay_proofs including indexes)")
                try await transaction.execute(
                    """
                    alter table replay_proofs attach partition \(partition.table)
                    for values from (to_timestamp(\(partition.start))) to (to_timestamp(\(partition.end)))
                    """)
            }
        }
    }

    /// Tables that were detached, but not dropped: a node ended in between.
    func detached() async throws -> [ReplayPartition] {
        try await database.all(
            """
            select relname::text from pg_class
            where relkind = 'r' and relname like 'replay\\_proofs\\_%' and not relispartition and pg_table_is_visible(oid)
            """
        ) { ReplayPartition(table: try $0.text(0)) }.compactMap { $0 }
    }

    /// Takes a partition out. The statement stands alone: CONCURRENTLY allows no transaction around it.
    /// - Parameter isPending: whether an earlier attempt was interrupted.
    func detach(_ partition: ReplayPartition, isPending: Bool) async throws {
        do {
            try await database.execute(
                "alter table replay_proofs detach partition \(partition.table) \(isPending ? "finalize" : "concurrently")")
        } catch let error as PostgresError where error.sqlState == "55000" || error.sqlState == "42P01" {
            // Another node does the same at this moment, or has done it.
            return
        }
    }

    func drop(_ partition: ReplayPartition) async throws {
        try await database.execute("drop table if exists \(partition.table)")
    }
}
