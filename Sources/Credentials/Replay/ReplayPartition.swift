import FoundationEssentials
import Runtime

/// One partition of the replay store: the proofs that were signed within two minutes.
struct ReplayPartition: Hashable, Sendable, Comparable {
    static let seconds = 120
    private static let prefix = "replay_proofs_"
    /// Nodes' clocks may differ: what one still asks for, another must not have dropped.
    private static let keptFor: Duration = .seconds(60)
    /// How far ahead partitions are attached.
    private static let attachedAhead: Duration = .seconds(360)

    /// Unix time, a multiple of ``seconds``.
    let start: Int

    init(holding instant: Date) {
        start = instant.numericDate - instant.numericDate % Self.seconds
    }

    private init(start: Int) {
        self.start = start
    }

    /// - Returns: nil for a table that is none.
    init?(table: String) {
        guard table.hasPrefix(Self.prefix), let start = Int(table.dropFirst(Self.prefix.count)) else { return nil }
        self.start = start
    }

    var table: String { "\(Self.prefix)\(start)" }
    var end: Int { start + Self.seconds }

    /// Those that proofs may be written to now and in the next minutes, oldest first.
    static func needed(now: Date) -> [ReplayPartition] {
        let first = ReplayPartition(holding: now - ReplayWindow.ageMax).start
        let last = ReplayPartition(holding: now + ReplayWindow.aheadMax + attachedAhead).start
        return stride(from: first, through: last, by: seconds).map { ReplayPartition(start: $0) }
    }

    /// Whether no proof that it holds could be accepted again.
    func isOver(now: Date) -> Bool {
        end < (now - ReplayWindow.ageMax - Self.keptFor).numericDate
    }

    static func < (a: ReplayPartition, b: ReplayPartition) -> Bool { a.start < b.start }
}
