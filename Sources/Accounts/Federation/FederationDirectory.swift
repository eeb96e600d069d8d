import FoundationEssentials
import Keys
import Logging
import Postgres
import Synchronization

/// The providers that people can sign in with now, in memory. Nodes tell each other of changes by NOTIFY.
package final class FederationDirectory: Sendable {
    private struct State {
        var providers: [FederationProvider]?
        var isListening = false
    }

    private let database: any Queryable
    private let masterKeys: MasterKeys
    private let logger: Logger
    private let state = Mutex(State())

    package init(database: any Queryable, masterKeys: MasterKeys, logger: Logger) {
        self.database = database
        self.masterKeys = masterKeys
        self.logger = logger
    }

    /// Reads them anew.
    /// - Throws: `PostgresError`.
    package func load() async throws {
        let stored = try await FederationProviderStore(database, masterKeys: masterKeys).list().filter { $0.disabledAt == nil }
        for row in stored {
            guard let reason = row.unopened else { continue }
            logger.error("a provider can't be used: its secret can't be opened", metadata: ["provider": "\(row.id)", "error": "\(reason)"])
        }
        let providers = stored.compactMap(\.provider)
        state.withLock { $0.providers = providers }
    }

    package func setListening(_ isListening: Bool) {
        state.withLock { $0.isListening = isListening }
    }

    /// Where no notification could come.
    /// - Throws: as ``load()``.
    package func reloadWhereNobodyTells() async throws {
        guard state.withLock({ !$0.isListening || $0.providers == nil }) else { return }
        try await load()
    }

    /// In the order of the buttons.
    /// - Throws: as ``load()``.
    package func providers() async throws -> [FederationProvider] {
        if let providers = state.withLock({ $0.providers }) { return providers }
        try await load()
        return state.withLock { $0.providers } ?? []
    }

    package func choices() async throws -> [FederationChoice] { try await providers().map(\.choice) }

    package func find(_ id: String) async throws -> FederationProvider? { try await providers().first { $0.id == id } }

    /// The provider whose people have addresses of this domain (home realm).
    func find(domain: String) async throws -> FederationProvider? {
        let domain = domain.lowercased()
        return try await providers().first { $0.domains.contains(domain) }
    }
}
