import FoundationEssentials
import Runtime
import Synchronization

/// One document of the server, kept for as long as the server allows, renewed before that by whoever needs it, and believed a while
/// longer when the server can't be reached (stale-if-error, RFC 5861 §4). There is one request at a time, whoever waits.
final class DocumentCache<Document: Sendable>: Sendable {
    typealias Fetch = @Sendable () async throws -> (document: Document, lifetime: Duration)

    private struct Copy {
        let document: Document
        let takenAt: Date
        let lifetime: Duration
    }

    private struct State {
        var copy: Copy?
        /// When the attempt began after which a pause is due: one that failed, or was made before its time.
        var pausedAt: Date?
        var running: Task<Document, any Error>?
    }

    private enum Verdict {
        case good(Document)
        /// Good still, but it ends soon.
        case due(Document)
        /// Good only if there is no newer one to be had.
        case late(Document)
        case absent
    }

    private let staleMax: Duration
    private let pause: Duration
    private let fetch: Fetch
    private let state = Mutex(State())

    /// - Parameters:
    ///   - staleMax: how long it is believed beyond its lifetime.
    ///   - pause: after an attempt that failed or that somebody wished for, as long as there is something to go on with.
    init(staleMax: Duration, pause: Duration, fetch: @escaping Fetch) {
        self.staleMax = staleMax
        self.pause = pause
        self.fetch = fetch
    }

    /// - Throws: what `fetch` throws, where there is nothing to go on with.
    func document(now: Date) async throws -> Document {
        switch state.withLock({ judge($0, now: now) }) {
        case .good(let document):
            return document
        case .due(let document):
            // In the background: nobody waits for what is good anyway.
            _ = renewal(now: now)
            return document
        case .late(let document):
            do { return try await renewal(now: now).value } catch { return document }
        case .absent:
            return try await renewal(now: now).value
        }
    }

    /// A newer one, for whoever misses something in the one at hand, however young that is.
    /// - Returns: nil where it was asked for less than the pause ago, so that a flood of requests doesn't become one of ours.
    func renewed(now: Date) async throws -> Document? {
        let task = state.withLock { state -> Task<Document, any Error>? in
            if let running = state.running { return running }
            return isPausing(state, now: now) ? nil : start(&state, isDue: state.copy == nil, now: now)
        }
        return try await task?.value
    }

    private func judge(_ state: State, now: Date) -> Verdict {
        guard let copy = state.copy else { return .absent }
        let age = now.timeIntervalSince(copy.takenAt)
        let lifetime = copy.lifetime.inSeconds
        guard age < lifetime + staleMax.inSeconds else { return .absent }
        guard age >= lifetime * 0.8, !isPausing(state, now: now) else { return .good(copy.document) }
        return age < lifetime ? .due(copy.document) : .late(copy.document)
    }

    private func isPausing(_ state: State, now: Date) -> Bool {
        guard let pausedAt = state.pausedAt else { return false }
        return (0..<pause.inSeconds).contains(now.timeIntervalSince(pausedAt))
    }

    private func renewal(now: Date) -> Task<Document, any Error> {
        state.withLock { $0.running ?? start(&$0, isDue: true, now: now) }
    }

    private func start(_ state: inout State, isDue: Bool, now: Date) -> Task<Document, any Error> {
        state.pausedAt = now
        let task = Task { [self] in
            do {
                let (document, lifetime) = try await fetch()
                self.state.withLock {
                    $0.copy = Copy(document: document, takenAt: now, lifetime: lifetime)
                    if isDue { $0.pausedAt = nil }
                    $0.running = nil
                }
                return document
            } catch {
                self.state.withLock { $0.running = nil }
                throw error
            }
        }
        state.running = task
        return task
    }
}
