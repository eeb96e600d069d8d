import FoundationEssentials

/// Work that the server repeats in the background.
package struct Job: Sendable {
    package let name: String
    /// The pause between the end of one run and the start of the next.
    package let interval: Duration
    package let run: @Sendable (_ now: Date) async throws -> Void

    package init(name: String, interval: Duration, run: @escaping @Sendable (_ now: Date) async throws -> Void) {
        self.name = name
        self.interval = interval
        self.run = run
    }
}
