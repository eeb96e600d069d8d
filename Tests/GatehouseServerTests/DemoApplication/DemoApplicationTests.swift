import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import OAuthProtocol
import Runtime
import TestKit
import Testing
import Web

@testable import DemoApplication

@Suite struct DemoApplicationTests {
    static let templates =
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/Templates/DemoApplication"

    /// A browser with one cookie in front of the application, and the server behind it.
    final class Visit {
        let client: any TestClientProtocol
        let provider: SampleProvider
        let clock: ManualClock
        var cookie: String?

        init(client: any TestClientProtocol, provider: SampleProvider, clock: ManualClock) {
            self.client = client
            self.provider = provider
            self.clock = clock
        }

        func send(_ method: HTTPRequest.Method, _ path: String, form: [(String, String)]? = nil) async throws -> TestResponse {
            var headers: HTTPFields = [:]
            if let cookie { headers[.cookie] = "demo_session=\(cookie)" }
            if form != nil { headers[.contentType] = "application/x-www-form-urlencoded" }
            let body = form.map { ByteBuffer(string: OAuthProtocol.Parameters.encode($0)) }
            let response = try await client.execute(uri: path, method: method, headers: headers, body: body)
            if let field = response.headers[.setCookie], let value = field.split(separator: ";").first?.split(separator: "=").last {
                cookie = field.contains("Max-Age=0") ? nil : String(value)
            }
            return response
        }

        /// Leaves for the server.
        /// - Returns: What the application asked it.
        func begin() async throws -> OAuthProtocol.Parameters {
            let response = try await send(.get, "/sign-in")
            let location = try #require(response.headers[.location])
            let query = try #require(location.split(separator: "?", maxSplits: 1).last)
            let request = try OAuthProtocol.Parameters(urlEncoded: Array(query.utf8))
            let (nonce, challenge) = (try request.required("nonce"), try request.required("code_challenge"))
            provider.state.withLock {
                $0.nonce = nonce
                $0.codeChallenge = challenge
            }
            return request
        }

        /// Comes back with an answer.
        func finish(_ answer: [(String, String)]) async throws -> TestResponse {
            try await send(.get, "/callback?" + OAuthProtocol.Parameters.encode(answer))
        }

        func signIn() async throws -> TestResponse {
            let request = try await begin()
            return try await finish([("code", "the-code"), ("state", try request.required("state")), ("iss", SampleProvider.issuer)])
        }

        func csrfToken() async throws -> String {
            let html = String(buffer: try await send(.get, "/").body)
            return String(try #require(html.firstMatch(of: /name="csrf_token" value="([^"]+)"/)).output.1)
        }
    }

    static func visit(
        _ settings: DemoSettings = DemoSettings(clientSecret: "a secret+"), _ body: @Sendable (Visit) async throws -> Void
    ) async throws {
        let clock = ManualClock()
        let provider = SampleProvider(clock: clock)
        var settings = settings
        settings.templates = templates
        let application = DemoApplication(settings: settings, clock: clock, logger: Logger(label: "demo"))
        let router = try application.router(transport: provider.transport)
        try await Application(responder: router.buildResponder()).test(.router) { client in
            try await body(Visit(client: client, provider: provider, clock: clock))
        }
    }

    @Test("The way in: the request has state, nonce and an S256 challenge, and is bound to a fresh cookie")
    func leaves() async throws {
        try await Self.visit { visit in
            let home = String(buffer: try await visit.send(.get, "/").body)
            #expect(home.contains("id=\"demo-sign-in\""))
            try write(home, "demo-start")
            #expect(visit.cookie == nil)
            let request = try await visit.begin()
            #expect(visit.cookie?.utf8.count == 43)
            #expect(try request.required("response_type") == "code")
            #expect(try request.required("client_id") == "demo")
            #expect(try request.required("redirect_uri") == "http://127.0.0.1:8081/callback")
            #expect(try request.required("code_challenge_method") == "S256")
            #expect(try request.required("state").utf8.count == 43)
        }
    }

    @Test("Signing in shows the person, the claims and both tokens, and gives the session a new name")
    func signsIn() async throws {
        try await Self.visit { visit in
            _ = try await visit.begin()
            let before = visit.cookie
            let response = try await visit.signIn()
            #expect(response.status == .seeOther)
            #expect(response.headers[.location] == "/")
            #expect(visit.cookie != before)
            let html = String(buffer: try await visit.send(.get, "/").body)
            for id in ["demo-user", "demo-claims", "demo-id-token", "demo-access-token", "demo-refresh", "demo-sign-out"] {
                #expect(html.contains(" id=\"\(id)\""), "\(id)")
            }
            #expect(html.contains("Ada &lt;Lovelace&gt;"))
            #expect(!html.contains("Ada <"))
            try write(html, "demo")
        }
    }

    @Test(
        "A confidential client authenticates with form-encoded Basic credentials, a public one by its id alone", arguments: [true, false])
    func authenticates(isConfidential: Bool) async throws {
        try await Self.visit(DemoSettings(clientSecret: isConfidential ? "a secret+" : nil)) { visit in
            #expect(try await visit.signIn().status == .seeOther)
            let call = try #require(visit.provider.state.withLock { $0.calls.first { $0.uri.hasSuffix("/token") } })
            let authorization = call.headers.first { $0.name == "Authorization" }?.value
            let expected = "Basic " + Data("demo:a%20secret%2B".utf8).base64EncodedString()
            #expect(authorization == (isConfidential ? expected : nil))
            #expect(call.body?.contains("client_id=demo") == !isConfidential)
        }
    }

    @Test(
        "A sign-in is refused when the server's word can't be trusted",
        arguments: SampleProvider.Fault.allCases.filter { $0 != .discoveryOfAnother && $0 != .down })
    func refusesFaults(fault: SampleProvider.Fault) async throws {
        try await Self.visit { visit in
            visit.provider.state.withLock { $0.fault = fault }
            let response = try await visit.signIn()
            #expect(response.status == .badGateway)
            #expect(String(buffer: response.body).contains("id=\"demo-failure\""))
            #expect(try await !isSignedIn(visit))
        }
    }

    @Test(
        "Without a server, or with another one's discovery document, nobody is sent anywhere",
        arguments: [SampleProvider.Fault.down, .discoveryOfAnother])
    func noServer(fault: SampleProvider.Fault) async throws {
        try await Self.visit { visit in
            visit.provider.state.withLock { $0.fault = fault }
            let response = try await visit.send(.get, "/sign-in")
            #expect(response.status == .badGateway)
            #expect(response.headers[.location] == nil)
            visit.provider.state.withLock { $0.fault = nil }
            #expect(try await visit.signIn().status == .seeOther)
        }
    }

    @Test(
        "An answer with a foreign or missing state, issuer or code is refused",
        arguments: ["state", "no state", "iss", "no iss", "no code"])
    func refusesAnswers(what: String) async throws {
        try await Self.visit { visit in
            let state = try await visit.begin().required("state")
            var answer = [("code", "the-code"), ("state", state), ("iss", SampleProvider.issuer)]
            switch what {
            case "state": answer[1].1 = String(state.reversed())
            case "no state": answer.remove(at: 1)
            case "iss": answer[2].1 = "http://evil.example"
            case "no iss": answer.remove(at: 2)
            default: answer.remove(at: 0)
            }
            let response = try await visit.finish(answer)
            #expect(response.status == .badRequest)
            #expect(try await !isSignedIn(visit))
            #expect(visit.provider.state.withLock { $0.tokensIssued } == 0)
        }
    }

    @Test("An answer is taken once, by the browser that asked, within the hour")
    func onceHereAndSoon() async throws {
        try await Self.visit { visit in
            let state = try await visit.begin().required("state")
            let answer = [("code", "the-code"), ("state", state), ("iss", SampleProvider.issuer)]
            let cookie = visit.cookie
            visit.cookie = nil
            #expect(try await visit.finish(answer).status == .badRequest)
            visit.cookie = cookie
            #expect(try await visit.finish(answer).status == .seeOther)
            #expect(try await visit.finish(answer).status == .badRequest)
        }
        try await Self.visit { visit in
            let state = try await visit.begin().required("state")
            visit.clock.advance(by: .minutes(61))
            #expect(
                try await visit.finish([("code", "the-code"), ("state", state), ("iss", SampleProvider.issuer)]).status == .badRequest)
        }
    }

    @Test("A refusal of the server is shown in friendly words, escaped")
    func serverRefuses() async throws {
        try await Self.visit { visit in
            let state = try await visit.begin().required("state")
            let response = try await visit.finish([("error", "access_denied"), ("state", state), ("iss", SampleProvider.issuer)])
            let html = String(buffer: response.body)
            #expect(html.contains("You said no"))
            #expect(html.contains("<code id=\"demo-error-code\">access_denied</code>"))
            try write(html, "demo-denied")
            let next = try await visit.begin().required("state")
            let odd = try await visit.finish([
                ("error", "x"), ("error_description", "<script>"), ("state", next), ("iss", SampleProvider.issuer),
            ])
            #expect(!String(buffer: odd.body).contains("<script>"))
        }
    }

    @Test("Refreshing replaces the tokens, calling userinfo asks again, both only with the form's token")
    func buttons() async throws {
        try await Self.visit { visit in
            _ = try await visit.signIn()
            let token = try await visit.csrfToken()
            for path in ["/refresh", "/userinfo", "/sign-out"] {
                #expect(try await visit.send(.post, path, form: [("csrf_token", "x")]).status == .forbidden)
                #expect(try await visit.send(.post, path, form: []).status == .forbidden)
            }
            #expect(visit.provider.state.withLock { $0.tokensIssued } == 1)
            #expect(try await visit.send(.post, "/refresh", form: [("csrf_token", token)]).status == .seeOther)
            #expect(visit.provider.state.withLock { $0.tokensIssued } == 2)
            let html = String(buffer: try await visit.send(.get, "/").body)
            #expect(html.contains("access-2") && html.contains("The tokens were refreshed."))
            #expect(try await visit.send(.post, "/userinfo", form: [("csrf_token", token)]).status == .seeOther)
        }
    }

    @Test("Signing out forgets the person here and goes on to the server with the ID token")
    func signsOut() async throws {
        try await Self.visit { visit in
            _ = try await visit.signIn()
            let home = try await visit.send(.get, "/")
            #expect(home.headers[.contentSecurityPolicy]?.contains("form-action 'self' http://localhost:8080") == true)
            let response = try await visit.send(.post, "/sign-out", form: [("csrf_token", try await visit.csrfToken())])
            let location = try #require(response.headers[.location])
            #expect(location.hasPrefix("http://localhost:8080/logout?id_token_hint="))
            #expect(location.contains("post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A8081%2F"))
            #expect(visit.cookie == nil)
            #expect(try await !isSignedIn(visit))
        }
    }

    @Test("Sessions end after eight idle hours")
    func idle() async throws {
        try await Self.visit { visit in
            _ = try await visit.signIn()
            visit.clock.advance(by: .hours(7))
            #expect(try await isSignedIn(visit))
            visit.clock.advance(by: .hours(8))
            #expect(try await !isSignedIn(visit))
        }
    }

    @Test("Of more than a thousand sessions, the one that was used longest ago is dropped")
    func bounded() {
        let clock = ManualClock()
        let sessions = DemoSessions()
        for index in 0...1_000 {
            sessions.insert(DemoSession(csrfToken: "", usedAt: clock.now), id: "\(index)")
            clock.advance(by: .seconds(1))
        }
        #expect(sessions.find("0", now: clock.now) == nil)
        #expect(sessions.find("1", now: clock.now) != nil)
        #expect(sessions.find("1000", now: clock.now) != nil)
    }

    private func isSignedIn(_ visit: Visit) async throws -> Bool {
        String(buffer: try await visit.send(.get, "/").body).contains("id=\"demo-user\"")
    }

    /// For looking at: GATEHOUSE_PAGE_SAMPLES names a folder.
    private func write(_ html: String, _ name: String) throws {
        guard let folder = ProcessInfo.processInfo.environment["GATEHOUSE_PAGE_SAMPLES"] else { return }
        try html.write(toFile: "\(folder)/\(name).html", atomically: true, encoding: .utf8)
    }
}
