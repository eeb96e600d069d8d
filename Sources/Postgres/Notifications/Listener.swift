import DequeModule
import Logging
import Synchronization

/// Keeps one direct connection for LISTEN while anybody subscribes, and tells the subscribers what they need to know of its fate.
final class Listener: ConnectionOwner, ReactorTicker {
    typealias Subscriber = AsyncStream<PostgresNotification>.Continuation

    /// LISTEN and UNLISTEN of one channel go out one at a time, or they might overtake each other on their way to the connection.
    fileprivate enum Hearing { case silent, joining, heard, leaving }

    fileprivate struct Channel {
        var subscribers: [Int: Subscriber] = [:]
        var hearing = Hearing.silent
    }

    fileprivate struct State {
        var channels: [String: Channel] = [:]
        var connection: Connection?
        var isOpen = false
        var isClosed = false
        var retryAt: ContinuousClock.Instant?
        var heartbeatAt: ContinuousClock.Instant?
        var lastID = 0
        var backoff: Backoff
        /// What is still to be told, in the order in which it happened.
        var outbox: Deque<(subscriber: Subscriber, event: PostgresNotification)> = []
        var isTelling = false
    }

    private static let unreadMax = 1_024
    /// Together with the time that an answer may take: a silent loss is noticed within 5 s.
    private static let heartbeatInterval: Duration = .seconds(2)
    private static let answerTimeMax: Duration = .seconds(2)
    private let settings: PostgresSettings
    private let parameters: ConnectionParameters
    private let logger: Logger
    private let state: Mutex<State>

    init(settings: PostgresSettings, parameters: ConnectionParameters, logger: Logger) {
        var settings = settings
        settings.queryTimeMax = Self.answerTimeMax
        settings.answerGrace = .milliseconds(500)
        self.settings = settings
        self.parameters = parameters
        self.logger = logger
        state = Mutex(State(backoff: Backoff(min: settings.backoffMin, max: settings.backoffMax, seed: .jitterSeed)))
    }

    var isListening: Bool {
        state.withLock { state in
            state.isOpen && !state.channels.isEmpty && state.channels.values.allSatisfy { $0.hearing == .heard }
        }
    }

    // MARK: Subscribers

    func subscribe(_ channel: String) -> AsyncStream<PostgresNotification> {
        let (stream, subscriber) = AsyncStream.makeStream(
            of: PostgresNotification.self, bufferingPolicy: .bufferingNewest(Self.unreadMax))
        let isClosed = state.withLock { state in
            if state.isClosed { return true }
            state.lastID += 1
            let id = state.lastID
            subscriber.onTermination = { [weak self] _ in self?.unsubscribe(channel, id) }
            state.channels[channel, default: Channel()].subscribers[id] = subscriber
            // Nobody waits on the stream yet, so this resumes no task under the lock.
            if state.channels[channel]?.hearing == .heard { subscriber.yield(.connected) }
            return false
        }
        if isClosed { subscriber.finish() }
        adjust(channel)
        Reactor.shared.hasten(self, to: .now)
        return stream
    }

    /// Called with the lock of the task that is cancelled held: the rest is left to the epoll thread.
    private func unsubscribe(_ channel: String, _ id: Int) {
        state.withLock { $0.channels[channel]?.subscribers[id] = nil }
        Reactor.shared.hasten(self, to: .now)
    }

    /// Closes the connection when the last subscriber has gone, and stops listening where one channel has none left.
    private func sweep() {
        let (unused, channels): (Connection?, [String]) = state.withLock { state in
            guard state.channels.values.allSatisfy(\.subscribers.isEmpty) else { return (nil, Array(state.channels.keys)) }
            defer {
                state.channels = [:]
                state.connection = nil
                state.isOpen = false
            }
            return (state.connection, [])
        }
        unused?.close()
        for channel in channels { adjust(channel) }
    }

    /// Brings what the server knows in line with what the subscribers want, one step at a time.
    private func adjust(_ channel: String) {
        let step: (sql: String, connection: Connection)? = state.withLock { state in
            guard state.isOpen, let connection = state.connection, let entry = state.channels[channel] else { return nil }
            switch entry.hearing {
            case .silent where entry.subscribers.isEmpty:
                state.channels[channel] = nil
                return nil
            case .silent:
                state.channels[channel]?.hearing = .joining
                return ("listen \(channel.quotedIdentifier)", connection)
            case .heard where entry.subscribers.isEmpty:
                state.channels[channel]?.hearing = .leaving
                return ("unlisten \(channel.quotedIdentifier)", connection)
            case .heard, .joining, .leaving:
                return nil
            }
        }
        guard let step else { return }
        send(step.sql, step.connection) { result in
            switch result {
            case .success: self.adjusted(channel, step.connection)
            // Refused, by a server in recovery for one: come back later.
            case .failure(let error): step.connection.lose(error)
            }
        }
    }

    private func adjusted(_ channel: String, _ connection: Connection) {
        state.withLock { state in
            guard state.connection === connection, let entry = state.channels[channel] else { return }
            state.channels[channel]?.hearing = entry.hearing == .joining ? .heard : .silent
            guard entry.hearing == .joining else { return }
            // Only now is the server known to let us listen.
            state.backoff.reset()
            state.tell(entry, .connected)
        }
        tellWaiting()
        adjust(channel)
    }

    private func send(_ sql: String, _ connection: Connection, completion: @escaping Errand.Completion) {
        if case .broken(let error) = connection.send(Errand(.statement(sql, []), .part, completion: completion)) { connection.lose(error) }
    }

    /// Hands out what waits, outside our lock: a task that is resumed takes its own, and one that is cancelled holds its own when it
    /// comes for ours. One thread at a time, so that everybody hears things in their order.
    private func tellWaiting() {
        let begins = state.withLock { state in
            guard !state.isTelling else { return false }
            state.isTelling = true
            return true
        }
        guard begins else { return }
        while let (subscriber, event) = state.withLock({ $0.nextToTell() }) {
            guard case .dropped = subscriber.yield(event) else { continue }
            // A consumer that lets its buffer overflow has missed something, as if the connection had been lost.
            subscriber.yield(.lost)
            subscriber.yield(.connected)
        }
    }

    // MARK: The connection

    func connectionOpened(_ connection: Connection) {
        let channels = state.withLock { state in
            guard state.connection === connection else { return [String]() }
            state.isOpen = true
            state.heartbeatAt = .now + Self.heartbeatInterval
            return Array(state.channels.keys)
        }
        if channels.isEmpty { connection.close() }
        for channel in channels { adjust(channel) }
    }

    func connectionFailed(_ connection: Connection, _ error: PostgresError) {
        end(connection)
    }

    func connectionLost(_ connection: Connection, _ error: PostgresError, unsent: [Errand]) {
        logger.notice("LISTEN was lost", metadata: ["reason": "\(error)"])
        end(connection)
    }

    private func end(_ connection: Connection) {
        let retryAt: ContinuousClock.Instant? = state.withLock { state in
            guard state.connection === connection else { return nil }
            state.connection = nil
            state.isOpen = false
            for (channel, entry) in state.channels {
                state.channels[channel]?.hearing = .silent
                guard entry.hearing == .heard else { continue }
                state.tell(entry, .lost)
            }
            state.retryAt = .now + state.backoff.next()
            return state.retryAt
        }
        tellWaiting()
        if let retryAt { Reactor.shared.hasten(self, to: retryAt) }
    }

    func connectionIsFree(_ connection: Connection) {}

    func resubmit(_ errand: Errand) {}

    func connectionNotified(_ connection: Connection, channel: String, payload: String) {
        state.withLock { state in
            if let entry = state.channels[channel] { state.tell(entry, .message(payload)) }
        }
        tellWaiting()
    }

    // MARK: Time

    func tick(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant {
        sweep()
        let (opening, present, mustBeat): (Connection?, Connection?, Bool) = state.withLock { state in
            guard !state.isClosed, !state.channels.isEmpty else { return (nil, nil, false) }
            if let connection = state.connection {
                let mustBeat = state.isOpen && state.heartbeatAt.map { $0 <= now } == true
                if mustBeat { state.heartbeatAt = now + Self.heartbeatInterval }
                return (nil, connection, mustBeat)
            }
            guard state.retryAt.map({ $0 <= now }) != false else { return (nil, nil, false) }
            state.lastID += 1
            let connection = Connection(
                id: state.lastID, settings: settings, parameters: parameters, owner: self, listens: true, now: now)
            state.connection = connection
            return (connection, nil, false)
        }
        opening?.start()
        present?.checkDeadline(now)
        if mustBeat, let present, case .broken(let error) = present.send(Errand(.sync, .part) { _ in }) { present.lose(error) }
        return state.withLock { state in
            if state.channels.isEmpty { return now + .seconds(3_600) }
            if state.connection == nil, let retryAt = state.retryAt { return max(retryAt, now + .milliseconds(1)) }
            return now + .milliseconds(500)
        }
    }

    func close() {
        let (connection, subscribers) = state.withLock { state in
            state.isClosed = true
            defer {
                state.channels = [:]
                state.connection = nil
                state.isOpen = false
            }
            return (state.connection, state.channels.values.flatMap(\.subscribers.values))
        }
        for subscriber in subscribers { subscriber.finish() }
        connection?.close()
        Reactor.shared.remove(self)
    }
}

extension Listener.State {
    fileprivate mutating func tell(_ channel: Listener.Channel, _ event: PostgresNotification) {
        for subscriber in channel.subscribers.values { outbox.append((subscriber, event)) }
    }

    fileprivate mutating func nextToTell() -> (subscriber: Listener.Subscriber, event: PostgresNotification)? {
        if outbox.isEmpty { isTelling = false }
        return outbox.popFirst()
    }
}

extension String {
    /// In double quotes, as SQL writes identifiers.
    var quotedIdentifier: String { "\"\(replacing("\"", with: "\"\""))\"" }
}
