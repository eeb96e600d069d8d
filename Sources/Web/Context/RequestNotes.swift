import Runtime
import Synchronization

/// What becomes known of a request on its way: the limit closest to its end, for the fields of its answer; how its caller proved itself,
/// for the metrics; its place in a trace, for the log.
package final class RequestNotes: Sendable {
    private struct State {
        var closest: RateLimitStanding?
        var traceParent: String?
        var trace: TraceContext?
    }

    private let state = Mutex(State())
    private let callerNumber = Atomic<UInt8>(0)

    package init() {}

    // MARK: Limits

    package var closest: RateLimitStanding? { state.withLock { $0.closest } }

    package func note(_ standing: RateLimitStanding) {
        state.withLock { state in
            if let held = state.closest, !standing.isTighter(than: held) { return }
            state.closest = standing
        }
    }

    // MARK: Callers

    package var caller: RequestCaller { RequestCaller(rawValue: callerNumber.load(ordering: .relaxed)) ?? .nobody }

    package func note(_ caller: RequestCaller) { callerNumber.store(caller.rawValue, ordering: .relaxed) }

    // MARK: Traces

    /// - Parameter text: a `traceparent`; nil where there is none, or more than one.
    package func note(traceParent text: String?) { state.withLock { $0.traceParent = text } }

    /// Made when it is asked for first: most requests log nothing.
    package func trace(_ randomness: any Randomness) -> TraceContext {
        state.withLock { state in
            if let trace = state.trace { return trace }
            let trace =
                state.traceParent.flatMap { TraceContext(continuing: $0, spanID: TraceContext.makeSpanID(randomness)) }
                ?? TraceContext(randomness)
            state.trace = trace
            return trace
        }
    }
}
