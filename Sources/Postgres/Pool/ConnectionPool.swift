import Logging
import Synchronization

/// The thin shell around `PoolState`: carries out what it decides, on whichever thread the event came from.
final class ConnectionPool: ConnectionOwner, ReactorTicker {
    private struct Shell {
        var pool: PoolState<Errand>
        var connections: [Int: Connection] = [:]
        var closers: [CheckedContinuation<Void, Never>] = []
        var closeBy: ContinuousClock.Instant?
    }

    private static let closeTimeMax: Duration = .seconds(5)
    private let settings: PostgresSettings
    private let parameters: ConnectionParameters
    private let logger: Logger
    private let shell: Mutex<Shell>

    init(settings: PostgresSettings, parameters: ConnectionParameters, logger: Logger) {
        self.settings = settings
        self.parameters = parameters
        self.logger = logger
        let limits = PoolState<Errand>.Limits(
            connectionsMax: max(1, settings.connectionsMax), connectionsMin: min(settings.connectionsMin, settings.connectionsMax),
            waitersMax: settings.waitersMax, waitMax: settings.waitMax, idleTimeMax: settings.idleTimeMax,
            lifetimeMax: settings.lifetimeMax, checkInterval: settings.checkInterval)
        let backoff = Backoff(min: settings.backoffMin, max: settings.backoffMax, seed: .jitterSeed)
        shell = Mutex(Shell(pool: PoolState(limits: limits, backoff: backoff)))
    }

    func start() {
        Reactor.shared.hasten(self, to: .now)
    }

    var figures: PoolFigures { shell.withLock { $0.pool.figures } }

    // MARK: Callers

    func submit(_ errand: Errand) {
        let now = ContinuousClock.now
        let (admission, connection): (PoolState<Errand>.Admission, Connection?) = shell.withLock { shell in
            let admission = shell.pool.request(errand, now: now)
            switch admission {
            case .use(let id): return (admission, shell.connections[id])
            case .wait(let id): return (admission, id.map { add($0, &shell, now) })
            case .refused: return (admission, nil)
            }
        }
        switch admission {
        case .use(let id):
            if let connection { serve(errand, on: connection) } else { replace(lost: id, resubmitting: errand) }
        case .wait:
            connection?.start()
            Reactor.shared.hasten(self, to: now + settings.waitMax)
            if errand.isCancelRequested { abandon(errand) }
        case .refused(let error):
            // Being asked may have brought the next attempt closer.
            hastenUnlessClosed(now + settings.backoffMin)
            errand.finish(.failure(error))
        }
    }

    /// Takes a waiting errand out of the queue because its task was cancelled.
    func abandon(_ errand: Errand) {
        if shell.withLock({ $0.pool.abandon(errand) }) { errand.finish(.failure(PostgresError(.cancelled))) }
    }

    /// A lease ends. A connection whose state isn't known to be clean is closed.
    func release(_ connection: Connection) {
        if connection.isOutsideTransaction {
            connectionIsFree(connection)
        } else {
            connection.close()
            forget(connection)
        }
    }

    private func serve(_ errand: Errand, on connection: Connection) {
        var next: Errand? = errand
        while let errand = next {
            next = nil
            if case .lease = errand.work {
                if errand.markSent(on: connection), errand.finish(.success(.connection(connection))) { return }
                errand.finish(.failure(PostgresError(.cancelled)))
                next = released(connection)
                continue
            }
            switch connection.send(errand) {
            case .underway: break
            case .unused: next = released(connection)
            case .broken(let error):
                connection.lose(error)
                resubmit(errand, orFail: error)
            }
        }
    }

    /// - Returns: the errand that the connection serves next.
    private func released(_ connection: Connection) -> Errand? {
        handle(shell.withLock { $0.pool.released(connection.id, now: .now) }, connection)
    }

    private func handle(_ handover: PoolState<Errand>.Handover, _ connection: Connection) -> Errand? {
        switch handover {
        case .serve(let errand): return errand
        case .rest: return nil
        case .close(let id):
            connection.close()
            let opening = shell.withLock { shell in
                shell.connections[connection.id] = nil
                return id.map { add($0, &shell, .now) }
            }
            opening?.start()
            finishClosing()
            return nil
        }
    }

    // MARK: Connections

    private func add(_ id: Int, _ shell: inout Shell, _ now: ContinuousClock.Instant) -> Connection {
        let connection = Connection(id: id, settings: settings, parameters: parameters, owner: self, now: now)
        shell.connections[id] = connection
        return connection
    }

    func connectionOpened(_ connection: Connection) {
        let (handover, isFirst) = shell.withLock { shell in
            let isFirst = shell.pool.failure != nil
            return (shell.pool.opened(connection.id, now: .now), isFirst)
        }
        if isFirst { logger.notice("PostgreSQL is reachable again") }
        if let errand = handle(handover, connection) { serve(errand, on: connection) }
    }

    func connectionFailed(_ connection: Connection, _ error: PostgresError) {
        let (waiters, isNew) = shell.withLock { shell in
            shell.connections[connection.id] = nil
            let isNew = shell.pool.failure == nil
            return (shell.pool.failed(connection.id, error, now: .now), isNew)
        }
        if isNew { logger.warning("PostgreSQL can't be reached", metadata: ["reason": "\(error)"]) }
        for errand in waiters { errand.finish(.failure(error)) }
        hastenUnlessClosed(.now + settings.backoffMin)
        finishClosing()
    }

    private func hastenUnlessClosed(_ due: ContinuousClock.Instant) {
        if !shell.withLock({ $0.pool.isDraining }) { Reactor.shared.hasten(self, to: due) }
    }

    func connectionIsFree(_ connection: Connection) {
        if let errand = released(connection) { serve(errand, on: connection) }
    }

    func connectionLost(_ connection: Connection, _ error: PostgresError, unsent: [Errand]) {
        logger.debug("a PostgreSQL connection was lost", metadata: ["reason": "\(error)"])
        forget(connection)
        for errand in unsent { submit(errand) }
    }

    func resubmit(_ errand: Errand) { submit(errand) }

    func connectionNotified(_ connection: Connection, channel: String, payload: String) {}

    private func resubmit(_ errand: Errand, orFail error: PostgresError) {
        if errand.markUnsent() { submit(errand) } else { errand.finish(.failure(error)) }
    }

    private func replace(lost id: Int, resubmitting errand: Errand) {
        _ = shell.withLock { $0.pool.lost(id, now: .now) }
        resubmit(errand, orFail: PostgresError(.unavailable("the connection was lost")))
    }

    private func forget(_ connection: Connection) {
        let opening = shell.withLock { shell in
            shell.connections[connection.id] = nil
            return shell.pool.lost(connection.id, now: .now).map { add($0, &shell, .now) }
        }
        opening?.start()
        finishClosing()
    }

    // MARK: Time

    func tick(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant {
        typealias Work = (expired: [Errand], closing: [Connection], checking: [Connection], opening: [Connection], all: [Connection])
        let work: Work = shell.withLock { shell in
            let chores = shell.pool.tick(now: now)
            let closing = chores.closing.compactMap { shell.connections.removeValue(forKey: $0) }
            let checking = chores.checking.compactMap { shell.connections[$0] }
            let all = Array(shell.connections.values)
            let opening = chores.opening.map { add($0, &shell, now) }
            return (chores.expired, closing, checking, opening, all)
        }
        for errand in work.expired {
            errand.finish(.failure(PostgresError(.timeout("no connection became free within \(settings.waitMax)"))))
        }
        for connection in work.closing { connection.close() }
        for connection in work.opening { connection.start() }
        for connection in work.checking { check(connection) }
        for connection in work.all { connection.checkDeadline(now) }
        if let closeBy = shell.withLock({ $0.closeBy }), closeBy <= now {
            for connection in work.all { connection.lose(PostgresError(.unavailable("the database is closing"))) }
        }
        return shell.withLock { $0.pool.nextTick(now: now) }
    }

    private func check(_ connection: Connection) {
        let errand = Errand(.sync, .single) { _ in }
        if case .broken(let error) = connection.send(errand) { connection.lose(error) }
    }

    // MARK: Closing

    /// Fails the waiters, closes what is idle, and waits (at most 5 s) for what is in use.
    func close() async {
        let (failing, closing) = shell.withLock { shell in
            shell.closeBy = .now + Self.closeTimeMax
            let (failing, closing) = shell.pool.drain()
            return (failing, closing.compactMap { shell.connections.removeValue(forKey: $0) })
        }
        for errand in failing { errand.finish(.failure(PostgresError(.unavailable("the database is closing")))) }
        for connection in closing { connection.close() }
        await withCheckedContinuation { continuation in
            shell.withLock { $0.closers.append(continuation) }
            finishClosing()
        }
        Reactor.shared.remove(self)
    }

    private func finishClosing() {
        let closers = shell.withLock { shell in
            guard shell.pool.isDraining, shell.connections.isEmpty else { return [CheckedContinuation<Void, Never>]() }
            defer { shell.closers = [] }
            return shell.closers
        }
        for closer in closers { closer.resume() }
    }
}

extension UInt64 {
    /// Differs from process to process and moment to moment; for jitter only.
    static var jitterSeed: UInt64 {
        var hasher = Hasher()
        hasher.combine(ContinuousClock.now)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
