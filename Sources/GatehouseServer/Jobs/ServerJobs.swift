import Accounts
import Credentials
import FoundationEssentials
import Guard
import Keys
import OAuth
import Postgres
import Runtime

/// What the server does in the background, and how often.
enum ServerJobs {
    /// Rows that one statement deletes at most.
    static let batchMax = 1_000

    static func all(_ wiring: Wiring) -> [Job] {
        [
            Job(name: "audit tally", interval: .seconds(1)) { now in try await flushTally(wiring, now: now) },
            // NOTIFY brings revocations at once; this is the net below it.
            Job(name: "revocations", interval: .seconds(5)) { now in
                try await wiring.revocations.load(now: now)
                wiring.revocations.forgetExpired(now: now)
            },
            Job(name: "clock", interval: .seconds(10)) { _ in
                try await wiring.clockDifference.compare(wiring.database, clock: wiring.parts.clock)
            },
            KeyRotationJob.make(wiring.keys),
            // The same net for keys, where no notification could come.
            Job(name: "signing keys", interval: .seconds(5)) { now in
                guard !wiring.clients.isListening || wiring.keysAreStale.isSet else { return }
                try await wiring.keys.load(now: now)
                wiring.forgetVerified()
                wiring.keysAreStale.set(false)
            },
            Job(name: "limits", interval: RateLimits.exchangeInterval) { now in try await wiring.limits.exchange(now: now) },
            Job(name: "providers", interval: .seconds(5)) { _ in try await wiring.federation.directory.reloadWhereNobodyTells() },
            Job(name: "certificates", interval: .seconds(5)) { _ in try await wiring.certificates.reloadWhereNobodyTells() },
            Job(name: "certificate revocation list", interval: .minutes(1)) { now in try await wiring.certificateIssuance.renew(now: now) },
            Job(name: "API key uses", interval: .seconds(10)) { _ in try await wiring.apiKeys.writeUses() },
            Job(name: "door session uses", interval: .seconds(10)) { _ in try await wiring.doorSessions.writeUses() },
            Job(name: "signature key uses", interval: .seconds(10)) { _ in try await wiring.signatureKeys.writeUses() },
            SignatureKeyJob.make(wiring.database),
            Job(name: "re-encryption", interval: .seconds(60), reach: .oneNode) { _ in
                // With one master key there is nowhere to move from.
                guard wiring.parts.masterKeys.keyIDs.count > 1 else { return }
                try await SealedTables.reencryption(wiring).run()
            },
            ReplayPartitionJob.make(wiring.database),
            Job(name: "refresh token salts", interval: .seconds(10), reach: .oneNode) { now in
                try await OAuthErasure(database: wiring.database, settings: wiring.parts.oauth).eraseSalts(now: now, batchMax: batchMax)
            },
            Job(name: "memory", interval: .seconds(30)) { _ in ProcessMemory.trim() },
            Job(name: "expired rows", interval: .seconds(60), reach: .oneNode) { now in
                try await OAuthErasure(database: wiring.database, settings: wiring.parts.oauth).eraseExpired(now: now, batchMax: batchMax)
                try await AccountErasure(database: wiring.database).eraseExpired(now: now, batchMax: batchMax)
                while try await RateLimitStore(wiring.database).eraseFull(now: now, countMax: batchMax) == batchMax {}
                try await wiring.doorSessions.eraseExpired(now: now, batchMax: batchMax)
                try await eraseCertificates(wiring, now: now)
                try await eraseEvents(wiring, now: now)
            },
        ]
    }

    /// For how long an expired certificate stays on record.
    private static let certificateRetention: Duration = .days(30)

    private static func eraseCertificates(_ wiring: Wiring, now: Date) async throws {
        let store = CertificateStore(wiring.database)
        while try await store.eraseExpired(before: now - certificateRetention, countMax: batchMax) == batchMax {}
    }

    private static func eraseEvents(_ wiring: Wiring, now: Date) async throws {
        let before = now - wiring.parts.auditRetention
        while try await wiring.audit.eraseExpired(before: before, countMax: batchMax, in: wiring.database) == batchMax {}
    }

    /// Also once more at shutdown, so that nothing counted is lost.
    static func flushTally(_ wiring: Wiring, now: Date) async throws {
        let events = wiring.tally.take()
        guard !events.isEmpty else { return }
        do {
            try await wiring.database.transaction { transaction in
                for event in events { try await wiring.audit.insert(event, now: now, in: transaction) }
            }
        } catch {
            wiring.tally.restore(events)
            throw error
        }
    }
}
