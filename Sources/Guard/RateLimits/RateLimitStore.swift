import FoundationEssentials
import Postgres

/// What all nodes together have left of their allowances. Every method throws `PostgresError`.
package struct RateLimitStore: Sendable {
    struct Entry: Sendable {
        let bucket: String
        /// Attempts since the last report.
        let spent: Double
        /// Attempts since the last report, allowed or not.
        let demand: Double
        /// What the reporting node believes to be left, where nobody has a row.
        let level: Double
        let capacity: Double
        let perSecond: Double
    }

    struct Standing: Sendable {
        let bucket: String
        let level: Double
        let demand: Double
    }

    private let database: any Queryable

    package init(_ database: any Queryable) {
        self.database = database
    }

    /// Adds what one node has spent, and tells what is left. Rows are locked in the order of their names, so that two nodes never wait for
    /// each other. The latest clock refills; one that was more than ten seconds ahead is not believed.
    func exchange(_ entries: [Entry], now: Date) async throws -> (standings: [Standing], nodes: Int) {
        var nodes = 1
        let standings = try await database.all(
            """
            insert into rate_limit_spending as held (bucket, level, demand, spent, capacity, per_second, refilled_at)
            select report.bucket, report.level, report.demand, report.spent, report.capacity, report.per_second, $7
            from unnest($1::text[], $2::text[]::float8[], $3::text[]::float8[], $4::text[]::float8[], $5::text[]::float8[],
                $6::text[]::float8[]) as report (bucket, level, demand, spent, capacity, per_second)
            order by report.bucket
            on conflict (bucket) do update set
                level = greatest(-2 * excluded.capacity, least(excluded.capacity, held.level - excluded.spent
                    + excluded.per_second * greatest(0, extract(epoch from excluded.refilled_at - held.refilled_at)::float8))),
                demand = excluded.demand + greatest(held.demand, 1e-9)
                    * exp(-least(60, greatest(0, extract(epoch from excluded.refilled_at - held.refilled_at)::float8)) / $8),
                spent = excluded.spent, capacity = excluded.capacity, per_second = excluded.per_second,
                refilled_at = case when held.refilled_at > excluded.refilled_at + interval '10 seconds' then excluded.refilled_at
                    else greatest(held.refilled_at, excluded.refilled_at) end
            returning bucket, level, demand, (\(Self.nodes))
            """,
            [
                .texts(entries.map(\.bucket)), Self.doubles(entries.map(\.level)), Self.doubles(entries.map(\.demand)),
                Self.doubles(entries.map(\.spent)), Self.doubles(entries.map(\.capacity)), Self.doubles(entries.map(\.perSecond)),
                .timestamp(now), .double(RateLimitBucket.demandFadesIn),
            ]
        ) { row in
            (Standing(bucket: try row.text(0), level: try row.double(1), demand: try row.double(2)), try row.int(3))
        }
        for (_, count) in standings { nodes = max(nodes, count) }
        return (standings.map(\.0), nodes)
    }

    /// How many nodes are alive.
    func countNodes() async throws -> Int {
        max(1, try await database.first("select (\(Self.nodes))") { try $0.int(0) } ?? 1)
    }

    /// Deletes a batch of rows whose bucket is full again: they say nothing.
    package func eraseFull(now: Date, countMax: Int) async throws -> Int {
        try await database.execute(
            """
            delete from rate_limit_spending where bucket in (
                select bucket from rate_limit_spending
                where refilled_at + make_interval(secs => least(1e9, greatest(1, (capacity - level) / per_second))) < $1
                limit $2 for update skip locked)
            """, [.timestamp(now), .int(countMax)])
    }

    /// Every node keeps one connection that listens for changes, and says nothing else on it.
    private static let nodes = """
        select count(*) from pg_stat_activity where datname = current_database() and query like 'listen "%'
        """

    /// The driver has no arrays of numbers.
    private static func doubles(_ values: [Double]) -> PostgresValue { .texts(values.map(\.description)) }
}
