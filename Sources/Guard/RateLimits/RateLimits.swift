import Audit
import Crypto
import FoundationEssentials
import OAuthProtocol
import Postgres
import Runtime
import Synchronization

/// Every limiter of this node, and what it tells the other nodes.
///
/// A limiter judges by what it knows; once a second ``exchange(now:)`` tells the database in one statement what was spent, and
/// learns what all nodes together have left (docs/design.md "Limits").
package final class RateLimits: Sendable {
    package static let exchangeInterval: Duration = .seconds(1)
    /// Keys of one limiter that one exchange carries; more take turns.
    static let reportsMax = 500
    /// Without an exchange for so long, nodes go on with equal parts.
    private static let cutOffAfter: Duration = .seconds(10)
    /// While nobody is limited, nodes are counted this often.
    private static let countInterval: Duration = .seconds(30)

    package let signInPerAccount: RateLimiter
    package let signInPerDevice: RateLimiter
    package let signInPerAddress: RateLimiter
    package let clientGuessesPerClient: RateLimiter
    package let clientGuessesPerAddress: RateLimiter
    package let authorizationPerAddress: RateLimiter
    package let registrationPerAddress: RateLimiter
    package let tokenPerClient: RateLimiter
    package let tokenPerAddress: RateLimiter
    package let introspectionPerCaller: RateLimiter
    package let verificationPerCaller: RateLimiter
    package let userInfoPerUser: RateLimiter
    package let defaultPerAddress: RateLimiter
    /// By the key's id, with its own limit.
    package let apiKeys: RateLimiter
    /// As ``apiKeys``.
    package let signatureKeys: RateLimiter

    private struct State {
        var nodes = 1
        var heardAt: Date?
        var countedAt = Date.distantPast
        var isCutOff = false
    }

    /// Every one of them.
    package let all: [RateLimiter]
    private let store: RateLimitStore
    private let secret: SymmetricKey
    private let state = Mutex(State())

    /// - Parameters:
    ///   - secret: hides addresses and names in the table; every node derives the same from its first master key.
    ///   - tally: where refusals are counted.
    package init(_ policies: RateLimitPolicies, database: any Queryable, secret: SymmetricKey, tally: AuditTally) {
        func make(_ name: StaticString, _ limit: AttemptLimit, isCautious: Bool = false) -> RateLimiter {
            RateLimiter(RateLimitPolicy(name, limit, isCautious: isCautious), tally: tally)
        }
        signInPerAccount = make("sign-in-account", policies.signInPerAccount, isCautious: true)
        signInPerDevice = make("sign-in-device", policies.signInPerDevice, isCautious: true)
        signInPerAddress = make("sign-in-address", policies.signInPerAddress, isCautious: true)
        clientGuessesPerClient = make("client-guesses", policies.clientGuessesPerClient, isCautious: true)
        clientGuessesPerAddress = make("client-guesses-address", policies.clientGuessesPerAddress, isCautious: true)
        authorizationPerAddress = make("authorization-address", policies.authorizationPerAddress)
        registrationPerAddress = make("registration-address", policies.registrationPerAddress)
        tokenPerClient = make("token-client", policies.tokenPerClient)
        tokenPerAddress = make("token-address", policies.tokenPerAddress)
        introspectionPerCaller = make("introspection-caller", policies.introspectionPerCaller)
        verificationPerCaller = make("verification-caller", policies.verificationPerCaller)
        userInfoPerUser = make("userinfo-user", policies.userInfoPerUser)
        defaultPerAddress = make("address", policies.defaultPerAddress)
        // Keys without a limit of their own never come here.
        apiKeys = make("api-key", AttemptLimit(burst: 1, perMinute: 1))
        signatureKeys = make("signature-key", AttemptLimit(burst: 1, perMinute: 1))
        all = [
            signInPerAccount, signInPerDevice, signInPerAddress, clientGuessesPerClient, clientGuessesPerAddress, authorizationPerAddress,
            registrationPerAddress, tokenPerClient, tokenPerAddress, introspectionPerCaller, verificationPerCaller, userInfoPerUser,
            defaultPerAddress, apiKeys, signatureKeys,
        ]
        store = RateLimitStore(database)
        self.secret = secret
    }

    /// Tells what was spent here and learns what is left: one statement, and none when nothing was spent.
    /// - Throws: `PostgresError`; then nothing is lost, and this node goes on with its part.
    package func exchange(now: Date) async throws {
        let reports = collect(now: now)
        guard !reports.isEmpty else { return try await countNodes(now: now) }
        do {
            let (answers, nodes) = try await store.exchange(reports.map(\.entry), now: now)
            let held = Dictionary(uniqueKeysWithValues: answers.map { ($0.bucket, $0) })
            for (index, limiter) in all.enumerated() {
                let mine = reports.filter { $0.limiter == index }
                guard !mine.isEmpty else { continue }
                limiter.adopt(
                    mine.compactMap { report in
                        held[report.entry.bucket].map { (report.report.key, $0.level, $0.demand) }
                    }, now: now)
            }
            heard(nodes: nodes, now: now)
        } catch {
            for (index, limiter) in all.enumerated() { limiter.takeBack(reports.filter { $0.limiter == index }.map(\.report)) }
            missed(now: now)
            throw error
        }
    }

    // MARK: Parts of an exchange

    private struct Reported {
        let limiter: Int
        let report: RateLimiter.Report
        let entry: RateLimitStore.Entry
    }

    private func collect(now: Date) -> [Reported] {
        var reports: [Reported] = []
        for (index, limiter) in all.enumerated() {
            for report in limiter.reports(countMax: Self.reportsMax, now: now) {
                let entry = RateLimitStore.Entry(
                    bucket: bucket(limiter.policy.name, report.key), spent: report.spent, demand: report.demand, level: report.level,
                    // A second's refill is on its way while others report.
                    capacity: Double(report.limit.burst) + report.limit.perSecond, perSecond: report.limit.perSecond)
                reports.append(Reported(limiter: index, report: report, entry: entry))
            }
        }
        return reports
    }

    private func bucket(_ policy: String, _ key: String) -> String {
        var hmac = HMAC<SHA256>(key: secret)
        hmac.update(data: Array(policy.utf8))
        hmac.update(data: [0])
        hmac.update(data: Array(key.utf8))
        return Base64URL.encode(hmac.finalize().prefix(16))
    }

    private func countNodes(now: Date) async throws {
        let isDue = state.withLock { state in
            guard abs(now.timeIntervalSince(state.countedAt)) >= Self.countInterval.inSeconds else { return false }
            state.countedAt = now
            return true
        }
        if isDue { heard(nodes: try await store.countNodes(), now: now) }
    }

    private func heard(nodes: Int, now: Date) {
        let hasChanged = state.withLock { state in
            defer {
                state.nodes = nodes
                state.heardAt = now
                state.countedAt = now
                state.isCutOff = false
            }
            return state.nodes != nodes || state.isCutOff
        }
        if hasChanged { for limiter in all { limiter.setPlace(nodes: nodes, isCutOff: false) } }
    }

    private func missed(now: Date) {
        let nodes: Int? = state.withLock { state in
            let heardAt = state.heardAt ?? now
            state.heardAt = heardAt
            guard !state.isCutOff, now >= heardAt + Self.cutOffAfter else { return nil }
            state.isCutOff = true
            return state.nodes
        }
        if let nodes { for limiter in all { limiter.setPlace(nodes: nodes, isCutOff: true) } }
    }
}
