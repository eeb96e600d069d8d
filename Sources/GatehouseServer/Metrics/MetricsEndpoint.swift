import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Runtime
import Web

/// `GET /metrics`, on a listener of its own that only the operator's monitoring reaches: how this node is doing, for Prometheus.
package struct MetricsEndpoint: Sendable {
    static let path = "/metrics"

    private let wiring: Wiring
    private let requests: MetricRequests
    private let jobs: JobTally?

    /// - Parameter jobs: nil where none run.
    package init(_ wiring: Wiring, requests: MetricRequests, jobs: JobTally?) {
        self.wiring = wiring
        self.requests = requests
        self.jobs = jobs
    }

    /// The listener's answers: metrics, health, and nothing else.
    package func respond(_ request: Request) async -> Response {
        let health = HealthEndpoint(wiring.health)
        switch (request.method, request.uri.path) {
        case (.get, Self.path): return reply(await text())
        case (.get, HealthEndpoint.livePath): return health.live()
        case (.get, HealthEndpoint.readyPath): return await health.ready()
        case (_, Self.path), (_, HealthEndpoint.livePath), (_, HealthEndpoint.readyPath):
            return Response(status: .methodNotAllowed, headers: [.allow: "GET"])
        default: return Response(status: .notFound)
        }
    }

    private func reply(_ text: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: MetricText.contentType, .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    /// Everything at this moment.
    package func text() async -> String {
        let now = wiring.parts.clock.now
        let verdict = await wiring.health.verdict()
        var text = MetricText()
        text.family("gatehouse_build_info", .gauge, "1, with the version that runs.")
        text.sample(1, [("version", wiring.parts.site.version)])
        text.family("gatehouse_ready", .gauge, "Whether this node wants requests.", verdict.isReady)
        text.family("gatehouse_check_ok", .gauge, "Each check of readiness.")
        for part in HealthVerdict.Part.allCases { text.sample(verdict[part] == nil, [("check", part.rawValue)]) }
        requests.write(to: &text)
        writeDatabase(to: &text)
        writePasswords(to: &text)
        writeKeys(to: &text, now: now)
        writeLimits(to: &text)
        writeJobs(to: &text)
        MetricProcess.write(to: &text)
        return text.text
    }

    private func writeDatabase(to text: inout MetricText) {
        let pool = wiring.database.figures
        text.family("gatehouse_database_connections", .gauge, "Connections of the pool by state.")
        text.sample(pool.idleCount, [("state", "idle")])
        text.sample(pool.busyCount, [("state", "busy")])
        text.sample(pool.openingCount, [("state", "opening")])
        text.family("gatehouse_database_connections_max", .gauge, "Connections that the pool may open.", pool.connectionsMax)
        text.family("gatehouse_database_waiting", .gauge, "Callers that wait for a connection.", pool.waitingCount)
        text.family("gatehouse_database_waiting_max", .gauge, "Callers that may wait; more are answered 503.", pool.waitersMax)
        text.family("gatehouse_database_reachable", .gauge, "0 while the last attempt to connect has failed.", pool.isReachable)
        text.family(
            "gatehouse_listening", .gauge, "Whether changes by other nodes are heard at once (LISTEN).", wiring.database.isListening)
        text.family("gatehouse_clock_difference_seconds", .gauge, "This node's clock minus the database's.")
        if let difference = wiring.clockDifference.seconds { text.sample(difference) }
    }

    private func writePasswords(to text: inout MetricText) {
        let passwords = wiring.hasher.figures
        text.family("gatehouse_password_hashes_running", .gauge, "Passwords being hashed.", passwords.runningCount)
        text.family("gatehouse_password_threads", .gauge, "Passwords that are hashed at once at most.", passwords.threads)
        text.family("gatehouse_password_hashes_waiting", .gauge, "Passwords that wait to be hashed.", passwords.waitingCount)
        text.family(
            "gatehouse_password_hashes_waiting_max", .gauge, "Passwords that may wait; more are answered 503.", passwords.waitingMax)
        text.family("gatehouse_password_refusals_total", .counter, "Passwords refused because the queue was full.", passwords.refusalCount)
    }

    private func writeKeys(to text: inout MetricText, now: Date) {
        text.family("gatehouse_signing_key_age_seconds", .gauge, "How long the present key of an algorithm has been signing.")
        for key in wiring.keys.signerAges(now: now) { text.sample(key.age, [("algorithm", key.algorithm.rawValue)]) }
        text.family("gatehouse_replay_waiting", .gauge, "Proofs that wait to be remembered.", wiring.replay.waitingCount)
        text.family("gatehouse_replay_waiting_max", .gauge, "Proofs that may wait; more are answered 503.", wiring.replay.waitingMax)
    }

    private func writeLimits(to text: inout MetricText) {
        text.family("gatehouse_rate_limit_refusals_total", .counter, "Attempts refused by each policy.")
        for limiter in wiring.limits.all { text.sample(limiter.refusalCount, [("policy", limiter.policy.name)]) }
        text.family("gatehouse_rate_limit_keys", .gauge, "Addresses, accounts and callers that each policy holds in memory.")
        for limiter in wiring.limits.all { text.sample(limiter.keysCount, [("policy", limiter.policy.name)]) }
    }

    private func writeJobs(to text: inout MetricText) {
        let figures = jobs?.figures ?? []
        // Not "job": Prometheus puts its own label of that name on everything.
        text.family("gatehouse_job_runs_total", .counter, "Turns of each job: done, failed, or left to another node.")
        for job in figures {
            text.sample(job.runCount, [("name", job.name), ("result", "done")])
            text.sample(job.failureCount, [("name", job.name), ("result", "failed")])
            text.sample(job.skipCount, [("name", job.name), ("result", "skipped")])
        }
        text.family("gatehouse_job_duration_seconds_total", .counter, "Time that each job has taken.")
        for job in figures { text.sample(job.durationSum, [("name", job.name)]) }
        text.family("gatehouse_job_last_success_timestamp_seconds", .gauge, "When each job was last done by this node.")
        for job in figures {
            if let at = job.lastSuccessAt { text.sample(at, [("name", job.name)]) }
        }
    }
}
