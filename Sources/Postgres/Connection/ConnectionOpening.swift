import CLibpq
import Synchronization

/// From a connection string to a session.
extension Connection {
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

    func advanceConnecting() {
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
}
