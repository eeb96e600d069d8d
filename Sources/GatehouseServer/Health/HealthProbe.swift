import FoundationEssentials
import Keys
import Postgres
import Runtime
import Synchronization

/// Finds out whether this node can serve. However many ask, the database is asked once at a time, and at most about once a second; nobody
/// waits longer than ``timeMax``.
package final class HealthProbe: Sendable {
    private struct State {
        var held: HealthVerdict?
        var heldSince = 0
        var round = 0
        var isLooking = false
        var waiting: [CheckedContinuation<HealthVerdict, Never>] = []
    }

    private let database: Database
    private let migrations: [Migration]
    private let keys: KeyRing
    private let leaving: Leaving
    private let clock: any WallClock
    private let freshFor: Duration
    private let timeMax: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - migrations: those of this program.
    ///   - freshFor: how long what the database said is believed.
    package init(
        database: Database, migrations: [Migration], keys: KeyRing, leaving: Leaving, clock: any WallClock,
        freshFor: Duration = .seconds(1), timeMax: Duration = .seconds(2)
    ) {
        self.database = database
        self.migrations = migrations
        self.keys = keys
        self.leaving = leaving
        self.clock = clock
        self.freshFor = freshFor
        self.timeMax = timeMax
    }

    package func verdict() async -> HealthVerdict {
        var verdict = await stored()
        // What needs nobody else is looked at each time.
        for algorithm in SigningAlgorithm.allCases where (try? keys.signer(algorithm, now: clock.now)) == nil {
            verdict[.keys] = "missing"
        }
        if leaving.isUnderway { verdict[.serving] = "stopping" }
        return verdict
    }

    /// What the database says, or said a moment ago.
    private func stored() async -> HealthVerdict {
        let now = MonotonicClock.nanoseconds
        let held = state.withLock { state in isFresh(state.heldSince, now) ? state.held : nil }
        if let held { return held }
        return await withCheckedContinuation { continuation in
            let round: Int? = state.withLock { state in
                state.waiting.append(continuation)
                guard !state.isLooking else { return nil }
                state.isLooking = true
                state.round += 1
                return state.round
            }
            if let round { look(round) }
        }
    }

    private func isFresh(_ since: Int, _ now: Int) -> Bool { Double(now - since) < freshFor.inSeconds * 1e9 }

    private func look(_ round: Int) {
        let looking = Task { self.finish(round, await self.ask()) }
        let timeMax = timeMax
        Task {
            try? await Task.sleep(for: timeMax)
            var late = HealthVerdict()
            late[.database] = "timeout"
            self.finish(round, late)
            looking.cancel()
        }
    }

    private func finish(_ round: Int, _ verdict: HealthVerdict) {
        let waiting: [CheckedContinuation<HealthVerdict, Never>] = state.withLock { state in
            guard state.isLooking, state.round == round else { return [] }
            state.isLooking = false
            state.held = verdict
            state.heldSince = MonotonicClock.nanoseconds
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: verdict) }
    }

    private func ask() async -> HealthVerdict {
        var verdict = HealthVerdict()
        do {
            if !(try await Migrator.missing(migrations, in: database)).isEmpty { verdict[.migrations] = "behind" }
        } catch is MigrationError {
            verdict[.migrations] = "not served"
        } catch let error as PostgresError where error.sqlState != nil {
            // No table of migrations: nothing has been migrated yet.
            verdict[.migrations] = "behind"
        } catch {
            verdict[.database] = "unavailable"
        }
        return verdict
    }
}
