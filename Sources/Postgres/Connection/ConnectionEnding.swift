import CLibpq
import Synchronization

/// Cancelling statements, giving up and closing.
extension Connection {
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
