import FoundationEssentials
import OAuthProtocol
import Postgres
import Runtime
import Synchronization

/// Clients by the name that their certificate must carry (`tls_client_auth`), in memory: so that a certificate alone says who calls.
///
/// Clients that registered themselves are not in it: they could name themselves after others.
final class ClientCertificateIndex: Sendable {
    static let clientsMax = 10_000

    private struct State {
        var clients: [CertificateName: [String]] = [:]
        var loadedAt: Date?
        /// Raised by every flush, so that what was read before a change is not kept after it.
        var generation = 0
        var isListening = false
    }

    private let database: any Queryable
    private let state = Mutex(State())

    init(database: any Queryable) {
        self.database = database
    }

    /// - Returns: the ids of all clients that one of the names is registered for.
    /// - Throws: `PostgresError`.
    func find(_ names: Set<CertificateName>, now: Date) async throws -> Set<String> {
        let (held, generation) = state.withLock { state -> (Set<String>?, Int) in
            guard let loadedAt = state.loadedAt else { return (nil, state.generation) }
            let isFresh = now < loadedAt + ClientDirectory.staleAfter
            let found = Self.search(state.clients, names)
            // That nobody is called so is announced by nobody when it changes.
            return (isFresh || (state.isListening && !found.isEmpty) ? found : nil, state.generation)
        }
        if let held { return held }
        var clients: [CertificateName: [String]] = [:]
        for client in try await ClientStore(database).listByCertificate(countMax: Self.clientsMax) {
            if let name = client.metadata.certificateName?.name { clients[name, default: []].append(client.id) }
        }
        let loaded = clients
        state.withLock { state in
            guard state.generation == generation else { return }
            state.clients = loaded
            state.loadedAt = now
        }
        return Self.search(loaded, names)
    }

    private static func search(_ clients: [CertificateName: [String]], _ names: Set<CertificateName>) -> Set<String> {
        Set(names.flatMap { clients[$0] ?? [] })
    }

    func flush() {
        state.withLock { state in
            state.clients = [:]
            state.loadedAt = nil
            state.generation += 1
        }
    }

    func setListening(_ isListening: Bool) {
        state.withLock { $0.isListening = isListening }
        if isListening { flush() }
    }
}
