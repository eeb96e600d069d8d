import FoundationEssentials
import Runtime
import Synchronization

/// One document of a provider, kept in memory: one request at a time whoever waits, a pause after each attempt that failed or was made
/// before its time, and for a while believed beyond its age where no newer one can be had (stale-if-error, RFC 5861 §4).
final class FederationDocument<Value: Sendable>: Sendable {
    typealias Fetch = @Sendable () async throws -> Value

    private struct State {
        var value: (value: Value, takenAt: Date)?
        /// When the attempt began after which a pause is due.
        var pausedAt: Date?
        var failure: FederationFailure?
        var running: Task<Value, any Error>?
    }

    private enum Step {
        case wait(Task<Value, any Error>)
        case have(Value)
        case fail(FederationFailure)
    }

    private let ageMax: Duration
    private let staleMax: Duration
    private let pause: Duration
    private let what: String
    private let fetch: Fetch
    private let state = Mutex(State())

    /// - Parameters:
    ///   - ageMax: after this long a newer one is asked for.
    ///   - staleMax: for this long more it is believed where none can be had.
    ///   - pause: between two attempts.
    ///   - what: its name in the log.
    init(ageMax: Duration, staleMax: Duration, pause: Duration, what: String, fetch: @escaping Fetch) {
        self.ageMax = ageMax
        self.staleMax = staleMax
        self.pause = pause
        self.what = what
        self.fetch = fetch
    }

    /// The one at hand, however old.
    var latest: Value? { state.withLock { $0.value?.value } }

    /// - Throws: ``FederationFailure`` where there is nothing to go on with.
    func value(now: Date) async throws(FederationFailure) -> Value {
        let (held, age) = state.withLock { ($0.value?.value, $0.value.map { now.timeIntervalSince($0.takenAt) } ?? .infinity) }
        if let held, age < ageMax.inSeconds { return held }
        do throws(FederationFailure) {
            return try await renewed(now: now)
        } catch {
            guard let held, age < (ageMax + staleMax).inSeconds else { throw error }
            return held
        }
    }

    /// A newer one, for whoever misses something in the one at hand, however young that is: a provider may have changed its keys right after
    /// they were read.
    /// - Throws: ``FederationFailure``, the last one again where it was asked for less than the pause ago: a flood of sign-ins is none of calls.
    func renewed(now: Date) async throws(FederationFailure) -> Value {
        let step = state.withLock { state -> Step in
            if let running = state.running { return .wait(running) }
            if let pausedAt = state.pausedAt, (0..<pause.inSeconds).contains(now.timeIntervalSince(pausedAt)) {
                if let failure = state.failure { return .fail(failure) }
                if let held = state.value?.value { return .have(held) }
            }
            return .wait(start(&state, now: now))
        }
        switch step {
        case .have(let value): return value
        case .fail(let failure): throw failure
        case .wait(let task):
            do { return try await task.value } catch { throw FederationFailure(error, calling: what) }
        }
    }

    private func start(_ state: inout State, now: Date) -> Task<Value, any Error> {
        let isDue = state.value.map { now.timeIntervalSince($0.takenAt) >= ageMax.inSeconds } ?? true
        state.pausedAt = now
        let task = Task { [self] in
            do {
                let value = try await fetch()
                self.state.withLock {
                    $0.value = (value, now)
                    if isDue { $0.pausedAt = nil }
                    $0.failure = nil
                    $0.running = nil
                }
                return value
            } catch {
                let failure = FederationFailure(error, calling: what)
                self.state.withLock {
                    $0.failure = failure
                    $0.running = nil
                }
                throw failure
            }
        }
        state.running = task
        return task
    }
}
