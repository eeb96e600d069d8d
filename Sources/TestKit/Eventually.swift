/// Waits for something outside this process – a server that starts, a backend that dies – by looking again and again, within bounds.
///
/// - Throws: `EventuallyNever` after 90 s: only what never comes may fail on a busy machine.
package func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(90)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw EventuallyNever(what: what) }
        // Only so as not to burn the processor that the awaited process needs.
        try await Task.sleep(for: .milliseconds(5))
    }
}

package struct EventuallyNever: Error {
    let what: String
}
