import FoundationEssentials
import Postgres
import Runtime

/// Attaches the replay store's partitions ahead, and drops those whose proofs nobody would accept any more.
package enum ReplayPartitionJob {
    package static func make(_ database: Database) -> Job {
        Job(name: "replay partitions", interval: .seconds(30), reach: .oneNode) { now in try await run(database, now: now) }
    }

    static func run(_ database: Database, now: Date) async throws {
        let store = ReplayStore(database)
        let attached = try await store.partitions()
        let present = Set(attached.lazy.filter { !$0.isPending }.map(\.partition))
        let missing = ReplayPartition.needed(now: now).filter { !present.contains($0) }
        if !missing.isEmpty { try await store.attach(missing) }
        for (partition, isPending) in attached where partition.isOver(now: now) {
            try await store.detach(partition, isPending: isPending)
        }
        for partition in try await store.detached() where partition.isOver(now: now) { try await store.drop(partition) }
    }
}
