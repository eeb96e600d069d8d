import Accounts
import Audit
import FoundationEssentials
import OAuth
import OAuthProtocol
import Postgres
import Runtime

/// Brings the declared clients and users in line with the settings file: created, changed, and with `prune` removed; providers of others likewise.
///
/// Runs at every start and in `gatehouse config apply`, in one transaction; several nodes that start at once take turns.
package struct Reconciliation: Sendable {
    let settings: GatehouseSettings
    let wiring: Wiring

    package init(settings: GatehouseSettings, wiring: Wiring) {
        self.settings = settings
        self.wiring = wiring
    }

    /// - Parameter dryRun: only says what would be done.
    /// - Returns: what was done, in order.
    /// - Throws: `PostgresError`, `OAuthError`, `PasswordHasherError`; then nothing was done.
    package func apply(dryRun: Bool = false) async throws -> [DeclarationChange] {
        // Argon2 takes its time: hash before the lock is taken.
        let passwords = try await passwordHashes()
        let changes = try await wiring.database.transaction { transaction in
            try await ReconciliationStore(transaction).lock()
            // After the wait: what is revoked is revoked as of now.
            let now = wiring.parts.clock.now
            var changes = try await applyClients(dryRun: dryRun, in: transaction, now: now)
            changes += try await applyUsers(passwords, dryRun: dryRun, in: transaction, now: now)
            changes += try await ProviderReconciliation(settings: settings, wiring: wiring).apply(dryRun: dryRun, in: transaction, now: now)
            if !dryRun, changes.contains(where: { $0.noun == .client }) { try await ClientStore(transaction).announceChange() }
            return changes
        }
        if !dryRun {
            wiring.clients.flush()
            if changes.contains(where: { $0.noun == .provider }) { try await wiring.federation.directory.load() }
        }
        return changes
    }

    // MARK: Clients

    private func applyClients(dryRun: Bool, in transaction: any Queryable, now: Date) async throws -> [DeclarationChange] {
        let store = ClientStore(transaction)
        var changes: [DeclarationChange] = []
        for declared in settings.clients {
            let stored = try await store.find(id: declared.clientID)
            let wanted = try ClientDeclaration(declared: declared).client(now: now, createdAt: stored?.createdAt)
            guard let stored else {
                changes.append(DeclarationChange(verb: .create, noun: .client, name: wanted.id))
                if !dryRun {
                    try await store.insert(wanted)
                    try await note(.clientCreated, client: wanted.id, in: transaction, now: now)
                }
                continue
            }
            let differences = ClientDeclaration.differences(stored, wanted)
            guard !differences.isEmpty else { continue }
            changes.append(DeclarationChange(verb: .change, noun: .client, name: wanted.id, differences: differences))
            if !dryRun {
                try await store.update(wanted, now: now)
                try await note(.clientChanged, client: wanted.id, in: transaction, now: now)
            }
        }
        guard settings.prune else { return changes }
        let names = Set(settings.clients.map(\.clientID))
        for client in try await store.listDeclared() where !names.contains(client.id) {
            changes.append(DeclarationChange(verb: .remove, noun: .client, name: client.id))
            if !dryRun {
                try await store.erase(client.id, now: now, accessUntil: now + OAuthSettings.accessTokenLifetimeMax)
                try await note(.clientErased, client: client.id, in: transaction, now: now)
            }
        }
        return changes
    }

    // MARK: Users

    private func applyUsers(
        _ passwords: [String: PasswordHash], dryRun: Bool, in transaction: any Queryable, now: Date
    ) async throws -> [DeclarationChange] {
        let store = UserStore(transaction)
        var changes: [DeclarationChange] = []
        for declared in settings.users {
            let stored = try await store.find(login: declared.username)
            var wanted = stored ?? User(id: wiring.parts.randomness.uuid(at: now), username: declared.username, now: now)
            UserDeclaration(declared: declared).apply(to: &wanted, now: now)
            wanted.passwordHash = try await settled(passwords[declared.username], for: declared, stored: stored)
            guard let stored else {
                changes.append(DeclarationChange(verb: .create, noun: .user, name: declared.username))
                if !dryRun {
                    try await store.insert(wanted)
                    try await note(.userCreated, user: wanted.id, in: transaction, now: now)
                }
                continue
            }
            let differences = UserDeclaration.differences(stored, wanted)
            guard !differences.isEmpty else { continue }
            changes.append(DeclarationChange(verb: .change, noun: .user, name: declared.username, differences: differences))
            if !dryRun {
                try await store.update(wanted, now: now)
                let accessUntil = now + OAuthSettings.accessTokenLifetimeMax
                if stored.disabledAt == nil, wanted.disabledAt != nil {
                    try await store.disable(wanted.id, now: now, accessUntil: accessUntil)
                } else if stored.passwordHash != wanted.passwordHash {
                    // Whoever knew the old one is out (OWASP ASVS 5.0 §7.4.3).
                    try await store.signOutEverywhere(wanted.id, reason: "password_changed", now: now, accessUntil: accessUntil)
                }
                try await note(.userChanged, user: wanted.id, in: transaction, now: now)
            }
        }
        return changes + (settings.prune ? try await pruneUsers(store, dryRun: dryRun, in: transaction, now: now) : [])
    }

    private func pruneUsers(_ store: UserStore, dryRun: Bool, in transaction: any Queryable, now: Date) async throws -> [DeclarationChange]
    {
        var changes: [DeclarationChange] = []
        let names = Set(settings.users.map { $0.username.lowercased() })
        for user in try await store.listDeclared() where !names.contains(user.username.lowercased()) {
            changes.append(DeclarationChange(verb: .remove, noun: .user, name: user.username))
            if !dryRun {
                let tokens = UpstreamTokenStore(transaction, masterKeys: wiring.parts.masterKeys)
                for provider in try await tokens.erase(userID: user.id) {
                    try await wiring.audit.insert(
                        AuditEvent(.upstreamTokenErased, userID: user.id, detail: ["provider": provider, "reason": "user erased"]),
                        now: now,
                        in: transaction)
                }
                try await store.erase(user.id, now: now, accessUntil: now + OAuthSettings.accessTokenLifetimeMax)
                try await note(.userErased, user: user.id, in: transaction, now: now)
            }
        }
        return changes
    }

    /// The password's hash, once the lock is held: another node may have put its own, of the same password, in the meantime.
    private func settled(_ hash: PasswordHash?, for declared: DeclaredUser, stored: User?) async throws -> PasswordHash? {
        guard let current = stored?.passwordHash, current != hash, case .text(let secret) = declared.password else {
            return hash ?? stored?.passwordHash
        }
        return try await wiring.hasher.verify(secret.text, against: current) ? current : hash
    }

    /// The hash that each declared user should have: the stored one where the declared password still matches it.
    private func passwordHashes() async throws -> [String: PasswordHash] {
        try await withThrowingTaskGroup(of: (String, PasswordHash).self) { group in
            var hashes: [String: PasswordHash] = [:]
            var pending = 0
            for user in settings.users {
                // The hasher's queue is bounded, and so is what is put into it at once.
                if pending >= 16, let (name, hash) = try await group.next() {
                    hashes[name] = hash
                    pending -= 1
                }
                pending += 1
                group.addTask { (user.username, try await passwordHash(of: user)) }
            }
            for try await (name, hash) in group { hashes[name] = hash }
            return hashes
        }
    }

    private func passwordHash(of declared: DeclaredUser) async throws -> PasswordHash {
        switch declared.password {
        case .hash(let text):
            guard let hash = PasswordHash(parsing: text.text) else {
                throw OAuthError.invalidRequest("users: the password_hash of \(declared.username) can not be read")
            }
            return hash
        case .text(let secret):
            if let stored = try await UserStore(wiring.database).find(login: declared.username)?.passwordHash,
                try await wiring.hasher.verify(secret.text, against: stored)
            {
                return stored
            }
            return try await wiring.hasher.hash(secret.text)
        }
    }

    private func note(
        _ kind: AuditEvent.Kind, client: String? = nil, user: UUID? = nil, in transaction: any Queryable, now: Date
    ) async throws {
        try await wiring.audit.insert(
            AuditEvent(kind, userID: user, clientID: client, detail: ["by": "settings"]), now: now, in: transaction)
    }
}
