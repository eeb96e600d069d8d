import CLibpq
import Synchronization

/// Who owns connections: the pool or the listener. Called without any lock held.
protocol ConnectionOwner: AnyObject, Sendable {
    func connectionOpened(_ connection: Connection)
    func connectionFailed(_ connection: Connection, _ error: PostgresError)
    /// A single errand is answered; the connection may serve the next.
    func connectionIsFree(_ connection: Connection)
    /// - Parameter unsent: errands that were provably not run.
    func connectionLost(_ connection: Connection, _ error: PostgresError, unsent: [Errand])
    /// Runs an errand again that provably was not run.
    func resubmit(_ errand: Errand)
    func connectionNotified(_ connection: Connection, channel: String, payload: String)
}

/// One session with the server. Any thread may send; only the epoll thread reads; the lock covers each use of libpq's handle.
final class Connection: ReactorSource {
    let id: Int
    let openedAt: ContinuousClock.Instant
    private let settings: PostgresSettings
    private let parameters: ConnectionParameters
    /// Held until the connection is closed: it is what answers for the connection.
    private let owner: any ConnectionOwner
    private let listens: Bool
    private let reactor = Reactor.shared
    private let token = Mutex<UInt64>(0)
    private let wire: Mutex<ConnectionWire>

    init(
        id: Int, settings: PostgresSettings, parameters: ConnectionParameters, owner: any ConnectionOwner, listens: Bool = false,
        now: ContinuousClock.Instant
    ) {
        self.id = id
        self.settings = settings
        self.parameters = parameters
        self.owner = owner
        self.listens = listens
        openedAt = now
        wire = Mutex(
            ConnectionWire(usesNames: settings.preparedStatements && !listens, timeMax: settings.queryTimeMax + settings.answerGrace))
    }

    // MARK: Connecting

    /// Resolves and begins to connect on a side thread, goes on by epoll, and ends in the owner's `connectionOpened` or `…Failed`.
    func start() {
        let hasStarted = SideThread.start("gatehouse-dns") { self.beginConnecting() }
        if !hasStarted { lose(PostgresError(.unavailable("no thread to resolve names"))) }
    }

    private func beginConnecting() {
        do {
            let resolved = try parameters.resolved()
            let started = resolved.startConnection().map(ConnectionHandle.init)
            guard let started else { throw PostgresError(.unavailable("out of memory")) }
            let token = reactor.register(self)
            self.token.withLock { $0 = token }
            let failure: PostgresError? = wire.withLock { wire in
                guard wire.phase == .starting else {
                    PQfinish(started.pointer)
                    return PostgresError(.unavailable("closed while connecting"))
                }
                wire.handle = started.pointer
                guard PQstatus(started.pointer) != CONNECTION_BAD else { return PostgresError(.unavailable(wire.lastMessage)) }
                wire.doom.attach(to: started.pointer)
                wire.phase = .polling
                reactor.watch(PQsocket(started.pointer), token: token, reads: false, writes: true)
                return nil
            }
            if let failure { lose(failure) }
        } catch {
            lose(error as? PostgresError ?? PostgresError(.unavailable("\(error)")))
        }
    }

    private enum Progress { case going, open, failed(PostgresError) }

    private func advanceConnecting() {
        let token = token.withLock { $0 }
        let progress: Progress = wire.withLock { wire in
            guard wire.phase == .polling, let handle = wire.handle else { return .going }
            switch PQconnectPoll(handle) {
            case PGRES_POLLING_READING:
                reactor.watch(PQsocket(handle), token: token, reads: true, writes: false)
            case PGRES_POLLING_WRITING:
                reactor.watch(PQsocket(handle), token: token, reads: false, writes: true)
            case PGRES_POLLING_OK:
                guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else {
                    return .failed(PostgresError(.unavailable(wire.lastMessage)))
                }
                reactor.watch(PQsocket(handle), token: token, reads: true, writes: false)
                wire.phase = .ready
                return .open
            default:
                return .failed(PostgresError(.unavailable(wire.lastMessage)))
            }
            return .going
        }
        switch progress {
        case .going: break
        case .failed(let error): lose(error)
        case .open where settings.preparedStatements || listens: owner.connectionOpened(self)
        case .open: setSession()
        }
    }

    /// Behind PgBouncer, start-up options are refused: the same settings go out as SET.
    private func setSession() {
        let script = ConnectionParameters.sessionSettings(settings).map { "set \($0.name) = '\($0.value)'" }.joined(separator: "; ")
        let errand = Errand(.script(script), .part) { result in
            switch result {
            case .success: self.owner.connectionOpened(self)
            case .failure(let error): self.lose(error)
            }
        }
        if case .broken(let error) = send(errand) { lose(error) }
    }

    // MARK: Sending

    enum Sending {
        case underway
        /// The errand was finished without using the connection.
        case unused
        /// The errand was not run; the connection must be given up with `lose`.
        case broken(PostgresError)
    }

    /// Sends the errand from the calling thread; the answer finishes it.
    func send(_ errand: Errand) -> Sending {
        let refusal: ConnectionWire.Refusal? = wire.withLock { wire in
            if wire.cancellingSince != nil, wire.phase == .ready {
                wire.held.append(errand)
                return nil
            }
            return transmit(errand, &wire)
        }
        switch refusal {
        case nil: return .underway
        case .broken(let error): return .broken(error)
        case .unused(let error):
            errand.finish(.failure(error))
            return .unused
        }
    }

    private func transmit(_ errand: Errand, _ wire: inout ConnectionWire) -> ConnectionWire.Refusal? {
        let waitedToWrite = wire.waitsToWrite
        do throws(ConnectionWire.Refusal) {
            try wire.transmit(errand, on: self, now: .now)
        } catch {
            return error
        }
        if wire.waitsToWrite != waitedToWrite { watch(&wire) }
        return nil
    }

    private func watch(_ wire: inout ConnectionWire) {
        guard let handle = wire.handle else { return }
        reactor.watch(PQsocket(handle), token: token.withLock { $0 }, reads: true, writes: wire.waitsToWrite)
    }

    /// From now on the first statement is preceded by this BEGIN, in the same packet.
    func beginLazily(_ begin: String) {
        wire.withLock { $0.pendingBegin = begin }
    }

    /// - Returns: true when no statement was sent since `beginLazily`, so that there is nothing to end.
    func dropPendingBegin() -> Bool {
        wire.withLock { wire in
            defer { wire.pendingBegin = nil }
            return wire.pendingBegin != nil
        }
    }

    /// False when a transaction is open or its state is unknown.
    var isOutsideTransaction: Bool {
        wire.withLock { wire in
            wire.phase == .ready && wire.batches.isEmpty && wire.held.isEmpty && wire.cancellingSince == nil
                && wire.handle.map(PQtransactionStatus) == PQTRANS_IDLE
        }
    }

    // MARK: Receiving

    func ready(_ events: UInt32) {
        if wire.withLock({ $0.phase }) == .polling {
            advanceConnecting()
            return
        }
        var hasRead = false
        while true {
            var notices: [(String, String)] = []
            let (step, isMore): (ConnectionWire.Step, Bool) = wire.withLock { wire in
                guard wire.phase == .ready else { return (.nothing, false) }
                if !hasRead {
                    let waitedToWrite = wire.waitsToWrite
                    guard wire.consume() else { return (Self.lastWords(&wire), false) }
                    if wire.waitsToWrite != waitedToWrite { watch(&wire) }
                }
                let step = wire.next()
                if listens { notices = Self.notifications(&wire) }
                return (step, !wire.batches.isEmpty)
            }
            hasRead = true
            for (channel, payload) in notices { owner.connectionNotified(self, channel: channel, payload: payload) }
            switch step {
            case .nothing: return
            case .lost(let error, let report):
                lose(error, report)
                return
            case .answered(let batch):
                answer(batch)
                if !isMore { return }
            }
        }
    }

    /// Reading failed; but the server may have said why before it hung up.
    private static func lastWords(_ wire: inout ConnectionWire) -> ConnectionWire.Step {
        let step = wire.next()
        if case .lost = step { return step }
        return .lost(PostgresError(.unavailable(wire.lastMessage)), nil)
    }

    private static func notifications(_ wire: inout ConnectionWire) -> [(String, String)] {
        guard let handle = wire.handle else { return [] }
        var notices: [(String, String)] = []
        while let notify = PQnotifies(handle) {
            notices.append((String(cString: notify.pointee.relname), String(cString: notify.pointee.extra)))
            PQfreemem(notify)
        }
        return notices
    }

    private func answer(_ batch: ConnectionWire.Batch) {
        let errand = batch.errand
        if errand.purpose == .single {
            // The next errand goes out before this answer is taken up.
            release()
        } else if let head = wire.withLock({ $0.batches.first?.errand }), head.isCancelRequested {
            cancel(head)
        }
        if let report = batch.error {
            if errand.purpose == .single, report.invalidatesStatement, errand.markUnsent() {
                owner.resubmit(errand)
                return
            }
            errand.finish(.failure(report.error(wasCancelled: errand.isCancelRequested)))
        } else if let result = batch.result {
            errand.finish(.success(.result(result)))
        } else {
            errand.finish(.success(.done))
        }
    }

    private func release() {
        let isFree = wire.withLock { wire in
            guard wire.cancellingSince != nil else { return true }
            // A cancel request still under way could hit the next statement.
            wire.mustFreeAfterCancel = true
            return false
        }
        if isFree { owner.connectionIsFree(self) }
    }

    // MARK: Cancelling

    /// Asks the server to stop the errand if it is the one that it works on. Its answer, whichever it is, finishes the errand.
    func cancel(_ errand: Errand) {
        let request: ConnectionHandle? = wire.withLock { wire in
            guard wire.batches.first?.errand === errand, wire.cancellingSince == nil, let handle = wire.handle else { return nil }
            guard let request = PQgetCancel(handle) else { return nil }
            wire.cancellingSince = .now
            return ConnectionHandle(request)
        }
        guard let request else { return }
        let hasStarted = SideThread.start("gatehouse-cancel") {
            var complaint = [CChar](repeating: 0, count: 256)
            PQcancel(request.pointer, &complaint, 256)
            PQfreeCancel(request.pointer)
            self.cancelEnded()
        }
        if !hasStarted {
            PQfreeCancel(request.pointer)
            cancelEnded()
        }
    }

    private func cancelEnded() {
        let (held, mustFree): ([Errand], Bool) = wire.withLock { wire in
            wire.cancellingSince = nil
            defer {
                wire.held = []
                wire.mustFreeAfterCancel = false
            }
            return (wire.held, wire.mustFreeAfterCancel)
        }
        for errand in held {
            if case .broken(let error) = send(errand) {
                errand.finish(.failure(error))
                lose(error)
            }
        }
        if mustFree { owner.connectionIsFree(self) }
    }

    // MARK: Ending

    /// Gives up a connection that takes too long to open or to answer.
    func checkDeadline(_ now: ContinuousClock.Instant) {
        let error: PostgresError? = wire.withLock { wire in
            switch wire.phase {
            case .starting, .polling:
                now > openedAt + settings.connectTimeMax ? PostgresError(.unavailable("connecting took too long")) : nil
            case .ready where wire.cancellingSince.map { now > $0 + settings.connectTimeMax } == true:
                PostgresError(.unavailable("the server does not take a cancel request"))
            case .ready:
                wire.batches.first.map { now > $0.deadline } == true ? PostgresError(.timeout("the server did not answer")) : nil
            case .closed: nil
            }
        }
        if let error { lose(error) }
    }

    /// Closes quietly: the owner has already forgotten it.
    func close() {
        _ = shut(PostgresError(.unavailable("the connection was closed")))
    }

    /// Closes a broken connection: fails its errands and tells the owner.
    func lose(_ error: PostgresError, _ report: ServerError? = nil) {
        let (phase, batches, held) = shut(error)
        guard phase != .closed else { return }
        var unsent: [Errand] = []
        for (index, batch) in batches.enumerated() {
            let errand = batch.errand
            // An idle session that was told to end (pg_terminate_backend, a fast shutdown) says so as its first answer and has
            // run nothing. The short time tells it from a statement that was stopped in its middle on purpose.
            let wasTerminated = report?.isAdministrativeShutdown == true && batch.answerCount == 0
            if index == 0, wasTerminated, .now - batch.sentAt < .milliseconds(250), errand.markUnsent() {
                unsent.append(errand)
                continue
            }
            let isUncertain = errand.purpose == .commit || (errand.purpose == .single && !wasTerminated)
            errand.finish(.failure(PostgresError(error.kind, mayHaveCommitted: isUncertain)))
        }
        for errand in held { errand.finish(.failure(error)) }
        if phase == .ready {
            owner.connectionLost(self, error, unsent: unsent)
        } else {
            owner.connectionFailed(self, error)
        }
    }

    private func shut(_ error: PostgresError) -> (ConnectionWire.Phase, [ConnectionWire.Batch], [Errand]) {
        let token = token.withLock { $0 }
        reactor.unregister(token)
        return wire.withLock { wire in
            let before = (wire.phase, Array(wire.batches), wire.held)
            wire.phase = .closed
            wire.batches = []
            wire.held = []
            if let handle = wire.handle {
                let socket = PQsocket(handle)
                if socket >= 0 { reactor.forget(socket) }
                PQfinish(handle)
                wire.handle = nil
            }
            return before
        }
    }
}

/// Carries one of libpq's handles to another thread.
///
/// Unchecked: the handle is passed on, not shared; after that the connection's lock guards it (a PGcancel is used by one thread).
struct ConnectionHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }
}
