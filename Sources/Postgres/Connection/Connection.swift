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
    let settings: PostgresSettings
    let parameters: ConnectionParameters
    /// Held until the connection is closed: it is what answers for the connection.
    let owner: any ConnectionOwner
    let listens: Bool
    let reactor = Reactor.shared
    let token = Mutex<UInt64>(0)
    let wire: Mutex<ConnectionWire>

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
}

/// Carries one of libpq's handles to another thread.
///
/// Unchecked: the handle is passed on, not shared; after that the connection's lock guards it (a PGcancel is used by one thread).
struct ConnectionHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }
}
