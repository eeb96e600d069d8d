/// How a pool stands at one moment, for whoever watches it.
package struct PoolFigures: Sendable, Equatable {
    package var idleCount = 0
    /// With a statement, a transaction or a sign-of-life check on them.
    package var busyCount = 0
    package var openingCount = 0
    package var connectionsMax = 0
    /// Callers that wait for a connection.
    package var waitingCount = 0
    package var waitersMax = 0
    /// False while the last attempt to connect has failed.
    package var isReachable = true
}

extension PoolState {
    var figures: PoolFigures {
        PoolFigures(
            idleCount: idle.count, busyCount: slots.count - idle.count - openingCount, openingCount: openingCount,
            connectionsMax: limits.connectionsMax, waitingCount: waitingCount, waitersMax: limits.waitersMax, isReachable: failure == nil)
    }
}
