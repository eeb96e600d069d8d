import FoundationEssentials

/// Work that the server repeats in the background.
package struct Job: Sendable {
    /// Which nodes do it.
    package enum Reach: Sendable {
        /// Each for itself: what it holds in memory, what it has counted.
        case everyNode
        /// One at a time, whichever comes first: what it does is done for all.
        case oneNode
    }

    package let name: String
    /// The pause between the end of one run and the start of the next.
    package let interval: Duration
    package let reach: Reach
    package let run: @Sendable (_ now: Date) async throws -> Void

    package init(
        name: String, interval: Duration, reach: Reach = .everyNode, run: @escaping @Sendable (_ now: Date) async throws -> Void
    ) {
        self.name = name
        self.interval = interval
        self.reach = reach
        self.run = run
    }
}
