import FoundationEssentials
import OAuthProtocol
import Postgres
import Runtime
import Synchronization

/// Clients by id, in memory: authenticating one costs no round trip.
///
/// Entries hold while changes are announced to this node; when that line is lost, nothing is older than ``staleAfter``.
package final class ClientDirectory: Sendable {
    package static let staleAfter: Duration = .seconds(5)
    static let entriesMax = 10_000

    private struct Entry {
        let client: Client
        let loadedAt: Date
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var origins: [String: (isRegistered: Bool, loadedAt: Date)] = [:]
        /// Raised by every flush, so that what was read before a change is not kept after it.
        var generation = 0
        var isListening = false
    }

    private let database: any Queryable
    private let clock: any WallClock
    /// Clients that are a part of this server, by id: whatever the database says of them.
    private let builtIn: [String: Client]
    private let state = Mutex(State())
    private let certificateIndex: ClientCertificateIndex

    package init(database: any Queryable, clock: any WallClock, builtIn: [Client] = []) {
        self.database = database
        certificateIndex = ClientCertificateIndex(database: database)
        self.clock = clock
        self.builtIn = Dictionary(builtIn.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// - Returns: the client, unless it is unknown or disabled.
    /// - Throws: `PostgresError` when it is not in memory and the database can't be asked.
    package func find(_ id: String) async throws -> Client? {
        if let client = builtIn[id] { return client }
        let generation: Int
        switch cached(id) {
        case .found(let client): return client
        case .missing(let current): generation = current
        }
        guard let client = try await ClientStore(database).find(id: id), client.disabledAt == nil else { return nil }
        let now = clock.now
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.entries.count >= Self.entriesMax { state.entries.removeAll(keepingCapacity: true) }
            state.entries[id] = Entry(client: client, loadedAt: now)
        }
        return client
    }

    /// The client that a certificate stands for where it is shown without anything else.
    /// - Parameter names: of the certificate, which has been judged.
    /// - Returns: nil when there is none, and when there are several.
    /// - Throws: `PostgresError`.
    package func find(certificateNames names: Set<CertificateName>) async throws -> Client? {
        let found = try await certificateIndex.find(names, now: clock.now)
        guard found.count == 1, let id = found.first else { return nil }
        return try await find(id)
    }

    /// - Returns: whether any client registered this web origin.
    package func isRegistered(origin: String) async throws -> Bool {
        let now = clock.now
        let (held, generation) = state.withLock { state in
            (
                state.origins[origin].flatMap { held in
                    // That nobody registered an origin is announced by nobody when it changes.
                    (held.isRegistered && state.isListening) || now < held.loadedAt + Self.staleAfter ? held.isRegistered : nil
                }, state.generation
            )
        }
        if let held { return held }
        let isRegistered = try await ClientStore(database).hasOrigin(origin)
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.origins.count >= Self.entriesMax { state.origins.removeAll(keepingCapacity: true) }
            state.origins[origin] = (isRegistered, now)
        }
        return isRegistered
    }

    /// A client has been added: an origin that was unknown may be registered now.
    package func forgetOrigins() {
        state.withLock { $0.origins.removeAll(keepingCapacity: true) }
    }

    /// Forgets everything: a client has changed.
    package func flush() {
        certificateIndex.flush()
        state.withLock { state in
            state.entries.removeAll(keepingCapacity: true)
            state.origins.removeAll(keepingCapacity: true)
            state.generation += 1
        }
    }

    /// Whether changes are being announced to this node.
    package var isListening: Bool { state.withLock { $0.isListening } }

    /// Says whether changes are being announced to this node.
    ///
    /// What is held when the line is lost was true until then, and holds ``staleAfter`` longer: services go on getting tokens
    /// while the database restarts. When the line is back, everything is read anew.
    package func setListening(_ isListening: Bool) {
        certificateIndex.setListening(isListening)
        guard !isListening else {
            state.withLock { $0.isListening = true }
            return flush()
        }
        let now = clock.now
        state.withLock { state in
            guard state.isListening else { return }
            state.isListening = false
            state.generation += 1
            state.entries = state.entries.mapValues { Entry(client: $0.client, loadedAt: now) }
            state.origins = state.origins.mapValues { ($0.isRegistered, now) }
        }
    }

    private enum Lookup {
        case found(Client)
        case missing(generation: Int)
    }

    private func cached(_ id: String) -> Lookup {
        state.withLock { state in
            if let entry = state.entries[id], state.isListening || isFresh(entry.loadedAt, clock.now, state) { return .found(entry.client) }
            return .missing(generation: state.generation)
        }
    }

    private func isFresh(_ loadedAt: Date, _ now: Date, _ state: State) -> Bool {
        state.isListening || now < loadedAt + Self.staleAfter
    }
}
