import CLibpq
import DequeModule

/// What a connection's lock guards: libpq's handle and the errands on it. Nothing here calls out.
struct ConnectionWire {
    enum Phase { case starting, polling, ready, closed }

    /// Commands of one batch are answered in order; the last before the sync is the errand's own.
    struct Batch {
        let errand: Errand
        let deadline: ContinuousClock.Instant
        let sentAt: ContinuousClock.Instant
        var preparing: (sql: String, name: String)?
        var prepareIndex = -1
        /// Commands of ours ahead of the errand's own: BEGIN, DEALLOCATE, the preparation.
        var precedingCount = 0
        var answerCount = 0
        var result: PostgresResult?
        var error: ServerError?
    }

    /// Why an errand was not put on the wire.
    enum Refusal: Error {
        /// It was cancelled or can't be expressed; the connection is as it was.
        case unused(PostgresError)
        /// The connection is broken; nothing of the errand can have been run.
        case broken(PostgresError)
    }

    enum Step {
        case nothing
        case answered(Batch)
        case lost(PostgresError, ServerError?)
    }

    let usesNames: Bool
    let timeMax: Duration
    var handle: OpaquePointer?
    var phase = Phase.starting
    var batches: Deque<Batch> = []
    /// Errands of a transaction that arrive while a cancel request is under way, which might hit them.
    var held: [Errand] = []
    /// Set while a cancel request is under way.
    var cancellingSince: ContinuousClock.Instant?
    var mustFreeAfterCancel = false
    /// The BEGIN that goes out ahead of a transaction's first statement, in the same packet.
    var pendingBegin: String?
    var waitsToWrite = false
    /// Set by libpq's notice receiver, under the same lock.
    let doom = SessionDoom()
    private var buffer = ParameterBuffer()
    private var cache = StatementCache()

    init(usesNames: Bool, timeMax: Duration) {
        self.usesNames = usesNames
        self.timeMax = timeMax
    }

    var lastMessage: String {
        handle.flatMap { PQerrorMessage($0) }.map { String(cString: $0).firstLine } ?? "not connected"
    }

    // MARK: Sending

    /// Puts the errand on the wire as far as the socket takes it.
    mutating func transmit(_ errand: Errand, on connection: Connection, now: ContinuousClock.Instant) throws(Refusal) {
        guard phase == .ready, let handle, PQstatus(handle) == CONNECTION_OK, doom.error == nil else {
            throw .broken(PostgresError(.unavailable(lastMessage)))
        }
        if case .statement(_, let parameters) = errand.work {
            do { try buffer.fill(parameters) } catch { throw .unused(error) }
        }
        guard errand.markSent(on: connection) else { throw .unused(PostgresError(.cancelled)) }
        var batch = Batch(errand: errand, deadline: now + timeMax, sentAt: now)
        var isQueued = true
        switch errand.work {
        case .statement(let sql, _):
            if let begin = pendingBegin {
                pendingBegin = nil
                isQueued = PQsendQueryParams(handle, begin, 0, nil, nil, nil, nil, 1) == 1
                batch.precedingCount += 1
            }
            isQueued = isQueued && queue(sql, in: &batch, handle)
        case .script(let text):
            isQueued = PQexitPipelineMode(handle) == 1 && PQsendQuery(handle, text) == 1
        case .sync, .lease:
            break
        }
        if isQueued, !errand.isScript { isQueued = PQpipelineSync(handle) == 1 }
        let isFlushed = isQueued ? PQflush(handle) : -1
        guard isFlushed >= 0 else { throw .broken(PostgresError(.unavailable(lastMessage))) }
        batches.append(batch)
        waitsToWrite = isFlushed == 1
    }

    private mutating func queue(_ sql: String, in batch: inout Batch, _ handle: OpaquePointer) -> Bool {
        let count = Int32(buffer.types.count)
        guard usesNames else {
            return buffer.withPointers { [types = buffer.types] values, lengths, formats in
                PQsendQueryParams(handle, sql, count, types, values, lengths, formats, 1) == 1
            }
        }
        var preparedName: String
        switch cache.find(sql, types: buffer.types) {
        case .known(let name):
            preparedName = name
        case .unknown(let name, let evicted):
            preparedName = name
            if let evicted {
                guard PQsendQueryParams(handle, "deallocate \(evicted)", 0, nil, nil, nil, nil, 1) == 1 else { return false }
                batch.precedingCount += 1
            }
            guard PQsendPrepare(handle, name, sql, count, buffer.types) == 1 else { return false }
            batch.preparing = (sql, name)
            batch.prepareIndex = batch.precedingCount
            batch.precedingCount += 1
        }
        return buffer.withPointers { values, lengths, formats in
            PQsendQueryPrepared(handle, preparedName, count, values, lengths, formats, 1) == 1
        }
    }

    // MARK: Receiving

    /// Reads what has arrived. Under TLS a record may rest in the library unseen by epoll: a record is at most 16 KiB, libpq
    /// reads at least 8 KiB at a time, so that three reads empty it.
    mutating func consume() -> Bool {
        guard let handle else { return false }
        for _ in 0..<(PQsslInUse(handle) == 1 ? 3 : 1) where PQconsumeInput(handle) == 0 { return false }
        if waitsToWrite {
            let isFlushed = PQflush(handle)
            waitsToWrite = isFlushed == 1
            return isFlushed >= 0
        }
        return true
    }

    /// Advances to the next finished errand, without blocking.
    mutating func next() -> Step {
        guard let handle else { return .nothing }
        var nothingCount = 0
        while PQisBusy(handle) == 0 {
            guard let pointer = PQgetResult(handle) else {
                if batches.first?.errand.isScript == true { return finishScript(handle) }
                nothingCount += 1
                // Each command's results end with one of these; more mean that there is nothing to come.
                if batches.isEmpty || nothingCount > 3 { break }
                continue
            }
            nothingCount = 0
            let result = PostgresResult(pointer)
            if PQresultStatus(pointer) == PGRES_PIPELINE_SYNC {
                guard let batch = batches.popFirst() else { return .lost(Self.confused, nil) }
                if batches.isEmpty, PQisBusy(handle) == 0, let stray = PQgetResult(handle) { PQclear(stray) }
                return finish(batch)
            }
            guard !batches.isEmpty else { return .lost(Self.confused, nil) }
            if let lost = record(result) { return lost }
        }
        if PQstatus(handle) == CONNECTION_BAD { return .lost(doom.error ?? PostgresError(.unavailable(lastMessage)), nil) }
        if let error = doom.error, batches.isEmpty { return .lost(error, nil) }
        return .nothing
    }

    private static let confused = PostgresError(.unavailable("the connection's protocol went out of step"))

    /// Notes one command's result on the first batch.
    /// - Returns: a step when it ends the session.
    private mutating func record(_ result: PostgresResult) -> Step? {
        switch PQresultStatus(result.pointer) {
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR:
            let failure = ServerError(result.pointer)
            if failure.endsSession { return .lost(failure.error(wasCancelled: false), failure) }
            if PQstatus(handle) == CONNECTION_BAD { return .lost(PostgresError(.unavailable(lastMessage)), nil) }
            if batches[0].error == nil { batches[0].error = failure }
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
            return .lost(PostgresError(.encoding("COPY is not spoken here")), nil)
        case PGRES_PIPELINE_ABORTED:
            break
        default:
            if batches[0].answerCount == batches[0].prepareIndex { batches[0].preparing = nil }
            if batches[0].answerCount == batches[0].precedingCount || batches[0].errand.isScript { batches[0].result = result }
            batches[0].answerCount += 1
        }
        return nil
    }

    private mutating func finish(_ batch: Batch) -> Step {
        // Still set: the preparation itself failed or was skipped.
        if let (sql, name) = batch.preparing { cache.remove(sql, name: name) }
        if batch.error?.invalidatesStatement == true, case .statement(let sql, let parameters) = batch.errand.work {
            if case .known(let name) = cache.find(sql, types: parameters.map(\.oid)) { cache.remove(sql, name: name) }
        }
        return .answered(batch)
    }

    private mutating func finishScript(_ handle: OpaquePointer) -> Step {
        guard let batch = batches.popFirst(), PQenterPipelineMode(handle) == 1 else { return .lost(Self.confused, nil) }
        return .answered(batch)
    }
}

/// What an idle session hears when it's told to end: FATAL without a statement to answer arrives as a notice, a moment before the
/// end of the stream.
///
/// Unchecked: libpq calls the receiver only inside its other functions, which run under the connection's lock.
final class SessionDoom: @unchecked Sendable {
    private(set) var error: PostgresError?

    /// Also keeps notices from standard error, where libpq would print them.
    func attach(to handle: OpaquePointer) {
        PQsetNoticeReceiver(
            handle,
            { context, result in
                guard let context, let result else { return }
                let report = ServerError(result)
                if report.endsSession {
                    Unmanaged<SessionDoom>.fromOpaque(context).takeUnretainedValue().error = report.error(wasCancelled: false)
                }
            }, Unmanaged.passUnretained(self).toOpaque())
    }
}

extension Errand {
    var isScript: Bool { if case .script = work { true } else { false } }
}
