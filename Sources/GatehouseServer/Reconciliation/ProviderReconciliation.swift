import Accounts
import Audit
import FoundationEssentials
import Postgres
import Runtime

/// Brings the declared providers in line with the settings file. One that has left it is switched off, and with `prune` removed together
/// with the identities that people have linked.
struct ProviderReconciliation: Sendable {
    let settings: GatehouseSettings
    let wiring: Wiring

    func apply(dryRun: Bool, in transaction: any Queryable, now: Date) async throws -> [DeclarationChange] {
        let store = FederationProviderStore(transaction, masterKeys: wiring.parts.masterKeys)
        let stored = try await store.list()
        var changes: [DeclarationChange] = []
        for (position, wanted) in settings.federation.providers.enumerated() {
            let held = stored.first { $0.id == wanted.id }
            let differences = Self.differences(held, wanted, position: position)
            guard held == nil || !differences.isEmpty else { continue }
            changes.append(
                DeclarationChange(
                    verb: held == nil ? .create : .change, noun: .provider, name: wanted.id, differences: held == nil ? [] : differences))
            if !dryRun {
                try await store.put(wanted, position: position, isDeclared: true, randomness: wiring.parts.randomness, now: now)
                if !wanted.keepsTokens { try await eraseTokens(of: wanted.id, reason: "settings", in: transaction, now: now) }
                try await note(held == nil ? .providerCreated : .providerChanged, wanted.id, in: transaction, now: now)
            }
        }
        let names = Set(settings.federation.providers.map(\.id))
        for gone in stored where gone.isDeclared && !names.contains(gone.id) && (settings.prune || gone.disabledAt == nil) {
            changes.append(
                DeclarationChange(
                    verb: settings.prune ? .remove : .change, noun: .provider, name: gone.id,
                    differences: settings.prune ? [] : ["disabled"]))
            guard !dryRun else { continue }
            // Nobody is given them any more, so nobody keeps them.
            try await eraseTokens(
                of: gone.id, reason: settings.prune ? "provider erased" : "provider disabled", in: transaction, now: now)
            if settings.prune { try await store.erase(gone.id) } else { try await store.disable(gone.id, now: now) }
            try await note(settings.prune ? .providerErased : .providerChanged, gone.id, in: transaction, now: now)
        }
        if !dryRun, !changes.isEmpty { try await store.announceChange() }
        return changes
    }

    private static func differences(_ held: FederationProviderStore.Stored?, _ wanted: FederationProvider, position: Int) -> [String] {
        guard let held, let provider = held.provider else { return [held?.unopened == nil ? "configuration" : "secret"] }
        var open = provider
        open.secret = wanted.secret
        let parts: [(String, Bool)] = [
            ("configuration", open != wanted), ("secret", provider.secret != wanted.secret), ("position", held.position != position),
            ("disabled", held.disabledAt != nil), ("origin", !held.isDeclared),
        ]
        return parts.filter(\.1).map(\.0)
    }

    private func eraseTokens(of id: String, reason: String, in transaction: any Queryable, now: Date) async throws {
        let count = try await UpstreamTokenStore(transaction, masterKeys: wiring.parts.masterKeys).erase(providerID: id)
        guard count > 0 else { return }
        try await wiring.audit.insert(
            AuditEvent(.upstreamTokenErased, detail: ["provider": id, "reason": reason, "count": "\(count)", "by": "settings"]), now: now,
            in: transaction)
    }

    private func note(_ kind: AuditEvent.Kind, _ id: String, in transaction: any Queryable, now: Date) async throws {
        try await wiring.audit.insert(AuditEvent(kind, detail: ["provider": id, "by": "settings"]), now: now, in: transaction)
    }
}
