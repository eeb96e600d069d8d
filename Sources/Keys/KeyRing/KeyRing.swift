import FoundationEssentials
import Logging
import OAuthProtocol
import Postgres
import Runtime
import Synchronization

/// The signing keys, in memory on every node. `load` reads them, makes the first ones, and does what rotation asks for; everything else
/// answers from the last load without touching the database.
package final class KeyRing: Sendable {
    private struct State {
        var snapshot = KeyRingSnapshot.empty
        var lastTicket: UInt64 = 0
        var loadedTicket: UInt64 = 0
    }

    private let database: Database
    private let masterKeys: MasterKeys
    private let rotation: KeyRotation
    private let randomness: any Randomness
    private let logger: Logger
    private let store = SigningKeyStore()
    /// Held only to copy or replace a reference.
    private let state = Mutex(State())

    package init(
        database: Database, masterKeys: MasterKeys, timetable: KeyRotationTimetable = KeyRotationTimetable(),
        randomness: any Randomness, logger: Logger
    ) {
        self.database = database
        self.masterKeys = masterKeys
        rotation = KeyRotation(timetable: timetable)
        self.randomness = randomness
        self.logger = logger
    }

    private var snapshot: KeyRingSnapshot { state.withLock { $0.snapshot } }
}

// MARK: - Answers from memory

extension KeyRing {
    /// The key to sign with at `now`.
    /// - Throws: `SigningError.noSigner` before the first load.
    package func signer(_ algorithm: SigningAlgorithm, now: Date) throws(SigningError) -> TokenSigner {
        guard let signers = snapshot.signers[algorithm], let earliest = signers.last else { throw .noSigner(algorithm) }
        // None may have come yet when this node's clock is behind the one that made the first key.
        return (signers.first { $0.signsAt <= now } ?? earliest).signer
    }

    /// The key that an access token or another living token names, as long as it is in the JWKS.
    package func verificationKey(keyID: String, algorithm: String, now: Date) -> VerificationKey? {
        guard let verifier = snapshot.verifiers[keyID], verifier.key.algorithm == algorithm else { return nil }
        if let until = verifier.publishedUntil, until <= now { return nil }
        return verifier.key
    }

    /// The key that an `id_token_hint` names: expired ID tokens are accepted there for as long as sessions can last.
    package func hintVerificationKey(keyID: String, algorithm: String) -> VerificationKey? {
        guard let verifier = snapshot.verifiers[keyID], verifier.key.algorithm == algorithm else { return nil }
        return verifier.key
    }

    /// The JWKS (RFC 7517 §5) as JSON, newest key first, with the entity tag to answer beside it (in its quotation marks).
    /// Caches may hold it for an hour.
    package var publishedKeys: (jwks: [UInt8], etag: String) {
        let snapshot = snapshot
        return (snapshot.jwks, snapshot.etag)
    }

    package var jwks: [UInt8] { snapshot.jwks }

    /// For each algorithm that can be signed with, how long its present key has been signing, in seconds.
    package func signerAges(now: Date) -> [(algorithm: SigningAlgorithm, age: Double)] {
        let signers = snapshot.signers
        return SigningAlgorithm.allCases.compactMap { algorithm in
            guard let held = signers[algorithm], let earliest = held.last else { return nil }
            return (algorithm, max(0, now.timeIntervalSince((held.first { $0.signsAt <= now } ?? earliest).signsAt)))
        }
    }

    package var etag: String { snapshot.etag }
}

// MARK: - Loading and rotating

extension KeyRing {
    /// Reads the keys from the database, and makes, forgets or erases those that are due. Any number of nodes may do so at once.
    /// - Throws: `PostgresError`, `KeyRingError` or `SigningError`; what was loaded before stays in use.
    package func load(now: Date) async throws {
        let ticket = takeTicket()
        let rows = try await store.all(database)
        // First what is there: a node that can't open the keys of the others must not add one that they can't open.
        try install(rows, ticket: ticket, now: now)
        if isDue(rows, now: now) {
            try await change(now: now) { rotation.judge($0, now: now) }
        }
    }

    /// Begins with a new key.
    /// - Parameters:
    ///   - compromised: the new key signs at once, and every key of the algorithm that could sign is withdrawn. Also the way out when
    ///     the master key that they are sealed under is lost.
    ///   - immediately: the new key signs at once, without the announcement of a day.
    /// - Throws: as `load`.
    package func rotate(_ algorithm: SigningAlgorithm, compromised: Bool = false, immediately: Bool = false, now: Date) async throws {
        let urgency: KeyRotation.Urgency = compromised ? .compromised : immediately ? .immediate : .announced
        // The way out when a master key is lost or leaked: what is withdrawn need not be opened.
        if !compromised { try await load(now: now) }
        try await change(now: now) { rotation.judgeRotation($0, algorithm: algorithm, urgency: urgency, now: now) }
    }

    /// Every stored key, newest first.
    /// - Throws: `PostgresError`.
    package func list(now: Date) async throws -> [SigningKeySummary] {
        let rows = try await store.all(database)
        let lives = rows.map(\.life)
        return rows.sorted { SigningKeyLife.isNewer($0.life, $1.life) }.map { row in
            SigningKeySummary(
                keyID: row.life.keyID, algorithm: row.life.algorithm, standing: rotation.standing(of: row.life, among: lives, now: now),
                announcedAt: row.life.announcedAt, signsAt: row.life.signsAt, retiresAt: rotation.retiresAt(row.life, among: lives),
                publishedUntil: rotation.publishedUntil(row.life, among: lives), masterKeyID: row.masterKeyIDs.first)
        }
    }

    /// Judges and changes the stored keys, one node at a time, then loads what came of it.
    private func change(now: Date, judge: @Sendable ([SigningKeyLife]) -> [KeyRotation.Action]) async throws {
        // Keys are made before the lock is taken: an RSA key may take a second.
        let expected = judge(try await store.all(database).map(\.life))
        let fresh = try await makeKeys(for: expected)
        try await database.transaction { transaction in
            try await store.lock(transaction)
            let rows = try await store.all(transaction)
            let actions = judge(rows.map(\.life))
            for action in actions { try await carryOut(action, fresh: fresh, now: now, transaction) }
            if !actions.isEmpty { try await store.notify(transaction) }
        }
        let ticket = takeTicket()
        try install(try await store.all(database), ticket: ticket, now: now)
    }

    private func isDue(_ rows: [SigningKeyRow], now: Date) -> Bool {
        !rotation.judge(rows.map(\.life), now: now).isEmpty
    }

    private func carryOut(
        _ action: KeyRotation.Action, fresh: [SigningAlgorithm: any SigningPrivateKey], now: Date, _ transaction: Transaction
    ) async throws {
        switch action {
        case .announce(let algorithm, let signsAt):
            // Another node's change may ask for a key that was not foreseen; then it is made under the lock.
            let key = try fresh[algorithm] ?? algorithm.privateKeyType.generate()
            let row = try SigningKeyRow(
                sealing: key, life: { SigningKeyLife(keyID: $0, algorithm: algorithm, announcedAt: now, signsAt: signsAt) },
                masterKeys: masterKeys, randomness: randomness)
            try await store.insert(row, transaction)
            logger.notice(
                "signing key announced",
                metadata: ["kid": "\(row.life.keyID)", "alg": "\(algorithm.rawValue)", "signsAt": "\(signsAt.numericDate)"])
        case .withdraw(let keyID):
            try await store.withdraw(keyID: keyID, at: now, transaction)
            logger.warning("signing key withdrawn as compromised", metadata: ["kid": "\(keyID)"])
        case .forgetPrivateKey(let keyID):
            try await store.erasePrivateKey(keyID: keyID, transaction)
        case .erase(let keyID):
            try await store.erase(keyID: keyID, transaction)
            logger.info("signing key erased", metadata: ["kid": "\(keyID)"])
        }
    }

    /// Makes a key for each announcement, away from Swift's own threads.
    private func makeKeys(for actions: [KeyRotation.Action]) async throws -> [SigningAlgorithm: any SigningPrivateKey] {
        var keys: [SigningAlgorithm: any SigningPrivateKey] = [:]
        for case .announce(let algorithm, _) in actions where keys[algorithm] == nil {
            keys[algorithm] = try await algorithm.generateAside()
        }
        return keys
    }

    private func takeTicket() -> UInt64 {
        state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
    }

    /// Puts what was read into use, unless something that was asked for later has already arrived.
    private func install(_ rows: [SigningKeyRow], ticket: UInt64, now: Date) throws {
        let known = snapshot.keys
        let lives = rows.map(\.life)
        var keys: [String: SigningKey] = [:]
        for row in rows {
            let standing = rotation.standing(of: row.life, among: lives, now: now)
            guard standing.isPublished || standing == .kept else { continue }
            if let key = known[row.life.keyID], (key.signer != nil) == row.life.hasPrivateKey {
                keys[row.life.keyID] = key
            } else {
                keys[row.life.keyID] = try SigningKey(opening: row, masterKeys: masterKeys)
            }
        }
        let loaded = KeyRingSnapshot(lives: lives, keys: keys, rotation: rotation, now: now)
        state.withLock { state in
            guard ticket > state.loadedTicket else { return }
            state.loadedTicket = ticket
            state.snapshot = loaded
        }
    }
}
