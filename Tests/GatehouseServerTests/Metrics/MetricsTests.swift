import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import Runtime
import TestKit
import Testing

@testable import GatehouseServer

@Suite struct MetricsTests {
    private static func names(_ text: String) -> Set<String> {
        Set(text.matches(of: #/# TYPE ([a-z_]+) /#).map { String($0.output.1) })
    }

    private func metrics(_ server: TestServer) async -> String {
        await MetricsEndpoint(server.wiring, requests: server.responses.requests, jobs: JobTally(ServerJobs.all(server.wiring))).text()
    }

    @Test func `requests are counted by endpoint, caller and outcome`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            for _ in 0..<3 { _ = try await server.clientToken() }
            _ = try await server.token([("grant_type", "client_credentials")], basic: ("app", "wrong"))
            let tokens = try await TestFlow(server).tokens()
            _ = try await server.userInfo(try tokens.text("access_token"))
            _ = try await server.introspect(try tokens.text("access_token"))
            _ = try await server.get("/v1/keys/some-key", headers: [.authorization: "Bearer \(try tokens.text("access_token"))"])
            let text = await metrics(server)
            func counted(_ labels: String) -> Bool { text.contains("gatehouse_http_requests_total{\(labels)} ") }
            #expect(
                text.contains(
                    #"gatehouse_http_requests_total{endpoint="/oauth2/token",method="POST",client="client_secret",status="2xx"} 4"#))
            #expect(counted(#"endpoint="/oauth2/token",method="POST",client="none",status="4xx""#))
            #expect(counted(#"endpoint="/oauth2/userinfo",method="GET",client="access_token",status="2xx""#))
            #expect(counted(#"endpoint="/oauth2/introspect",method="POST",client="client_secret",status="2xx""#))
            #expect(text.contains(#"gatehouse_http_requests_total{endpoint="/sign-in",method="POST",client="browser",status="3xx"} 1"#))
            #expect(!text.contains("some-key"))
            #expect(text.contains(/endpoint="\/v1\/keys\/(:|\{)key_id/))
            let count = #"gatehouse_http_request_duration_seconds_count{endpoint="/oauth2/token",method="POST",client="client_secret"} 4"#
            #expect(text.contains(count))
            #expect(
                text.contains(
                    #"gatehouse_http_request_duration_seconds_bucket{endpoint="/oauth2/token",method="POST",client="client_secret",le="+Inf"} 4"#
                ))
            #expect(text.contains("gatehouse_http_requests_in_flight 0\n"))
        }
    }

    @Test func `nothing that somebody sends makes a new series`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            func series(_ text: String) -> Int { text.split(separator: "\n").count { !$0.hasPrefix("#") } }
            let methods = try ["GET", "POST", "PUT", "BREW"].map { try #require(HTTPRequest.Method($0)) }
            for method in methods { _ = try await server.send(method, "/nowhere") }
            _ = try await server.post("/oauth2/token", [("grant_type", "client_credentials")], basic: ("app", "x"))
            let before = series(await metrics(server))
            for number in 0..<50 {
                for method in methods { _ = try await server.send(method, "/nowhere/\(number)/ada@example.org") }
                _ = try await server.get("/oauth2/token%20\(number)")
                _ = try await server.post("/oauth2/token", [("grant_type", "client_credentials")], basic: ("app-\(number)", "x"))
            }
            let text = await metrics(server)
            #expect(series(text) == before)
            #expect(!text.contains("nowhere") && !text.contains("ada@") && !text.contains("app"))
        }
    }

    @Test func `metrics are not on the port of clients`() async throws {
        try await TestServer.run { server in
            let answer = try await server.get("/metrics")
            #expect(answer.status == .notFound)
        }
    }

    @Test func `refusals, queues, keys, jobs and the clock are told`() async throws {
        try await TestServer.run(configure: { $0.limits.tokenPerAddress = .init(burst: 1, perMinute: 1) }) { server in
            try await server.addClient()
            _ = try await server.clientToken()
            _ = try await server.token([("grant_type", "client_credentials")])
            server.clock.advance(by: .seconds(60))
            try await server.wiring.clockDifference.compare(server.database, clock: SystemClock())
            let text = await metrics(server)
            #expect(text.contains(#"gatehouse_rate_limit_refusals_total{policy="token-address"} 1"#))
            #expect(text.contains(#"method="POST",client="none",status="429"} 1"#))
            #expect(text.contains(#"gatehouse_signing_key_age_seconds{algorithm="ES256"} 60.0"#))
            #expect(text.contains("gatehouse_ready 1\n"))
            #expect(text.contains(#"gatehouse_database_connections{state="idle"} "#))
            #expect(text.contains(#"gatehouse_job_runs_total{name="clock",result="done"} 0"#))
            #expect(text.contains(/\ngatehouse_clock_difference_seconds -?[0-9]/))
            #expect(text.contains("gatehouse_password_hashes_waiting_max 64\n"))
            #expect(text.contains("gatehouse_replay_waiting 0\n"))
            #expect(text.contains(/\nprocess_resident_memory_bytes [0-9]{7}/))
            // Every line is a comment or a sample (text format 0.0.4).
            let sample = /[a-z_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? ([-+]?[0-9.e+-]+|NaN|[+-]Inf)/
            for line in text.split(separator: "\n") where !line.hasPrefix("# ") { #expect(line.wholeMatch(of: sample) != nil, "\(line)") }
        }
    }

    @Test func `the dashboard and the manual name what there is, and only that`() async throws {
        try await TestServer.run { server in
            let names = Self.names(await metrics(server))
            let dashboard = try String(contentsOfFile: Checkout.path("Examples/grafana/gatehouse.json"), encoding: .utf8)
            _ = try JSONValue(parsing: Array(dashboard.utf8))
            let asked = Set(dashboard.matches(of: /\b((gatehouse|process)_[a-z_]+)/).map { String($0.output.1) }).map { name in
                ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) && !names.contains(name) }
                    .map { String(name.dropLast($0.count)) } ?? name
            }
            #expect(!asked.isEmpty)
            #expect(Set(asked).subtracting(names) == [])
            #expect(names.filter { $0.hasPrefix("gatehouse_") }.subtracting(asked) == [])
            let manual = try String(contentsOfFile: Checkout.path("docs/operations.md"), encoding: .utf8)
            for name in names { #expect(manual.contains("`\(name)`"), "docs/operations.md does not name \(name)") }
        }
    }

    @Test func `the listener for monitoring answers nothing else`() async throws {
        try await TestServer.run { server in
            let endpoint = MetricsEndpoint(server.wiring, requests: server.responses.requests, jobs: nil)
            func status(_ method: HTTPRequest.Method, _ path: String) async -> Int {
                let head = HTTPRequest(method: method, scheme: "http", authority: "localhost", path: path)
                return await endpoint.respond(.init(head: head, body: .init(buffer: .init()))).status.code
            }
            #expect(await status(.get, "/metrics") == 200)
            #expect(await status(.get, "/health/ready") == 200)
            #expect(await status(.post, "/metrics") == 405)
            #expect(await status(.get, "/oauth2/jwks") == 404)
            #expect(await status(.post, "/oauth2/token") == 404)
        }
    }

    @Test func `counters add up from many threads`() async {
        let cells = MetricCells(count: 2)
        await withDiscardingTaskGroup { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<10_000 { cells.add(2, at: 1) } } }
        }
        #expect(cells[0] == 0 && cells[1] == 160_000)
    }
}
