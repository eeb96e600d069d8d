import Accounts
import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import Logging
import OAuthProtocol
import TestKit
import Testing

@testable import GatehouseServer

@Suite struct LogTests {
    private let traceParent = HTTPField.Name("traceparent")

    @Test func `a line is one JSON object, whatever is in it`() throws {
        let log = LogCapture()
        log.logger.notice("two\nlines", metadata: ["time": "mine", "quote": "\"\u{1}\r\n", "list": ["a", "b"]])
        log.logger.error("long", metadata: ["long": "\(String(repeating: "x", count: 100_000))"])
        #expect(log.lines.count == 2)
        for line in log.lines {
            #expect(line.last == "\n" && !line.dropLast().contains { $0.isNewline })
            #expect(line.utf8.count < 4_000)
        }
        let first = try JSONValue(parsing: Array(log.lines[0].utf8))
        #expect(first["message"]?.string == "two\nlines" && first["level"]?.string == "notice")
        #expect(first["time_"]?.string == "mine" && first["quote"]?.string == "\"\u{1}\r\n")
        #expect(first["time"]?.string?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    }

    @Test func `a line of text can't be forged by what somebody sends`() {
        let log = LogCapture(.text)
        log.logger.warning("refused", metadata: ["reason": "x\n2026-01-01 notice gatehouse: forged \u{1B}[2J"])
        #expect(log.lines.count == 1)
        #expect(log.lines[0].utf8.filter { $0 < 0x20 }.count == 1)
        #expect(log.lines[0].contains(" warning gatehouse: refused reason=x?2026"))
    }

    @Test func `a request's lines carry its trace, or one made for it`() async throws {
        let log = LogCapture()
        try await TestServer.run(configure: { $0.logger = log.logger }) { server in
            let name = try #require(traceParent)
            _ = try await server.get("/oauth2/userinfo", headers: [name: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"])
            let own = log.lines.filter { $0.contains("0af7651916cd43dd8448eb211c80319c") }
            // The refusal and the answer: one request, one span.
            #expect(own.count == 2)
            let parsed = try own.map { try JSONValue(parsing: Array($0.utf8)) }
            #expect(parsed.allSatisfy { $0["parent_id"]?.string == "b7ad6b7169203331" })
            #expect(Set(parsed.map { $0["span_id"]?.string }).count == 1 && parsed[0]["span_id"]?.string != "b7ad6b7169203331")
            #expect(Set(parsed.map { $0["request"]?.string }).count == 1)

            // Two are as none.
            var twice: HTTPFields = [:]
            for digit in ["1", "2"] {
                twice.append(HTTPField(name: name, value: "00-\(String(repeating: digit, count: 32))-b7ad6b7169203331-01"))
            }
            let before = log.lines.count
            _ = try await server.get("/oauth2/userinfo", headers: twice)
            let made = try log.lines[before...].map { try JSONValue(parsing: Array($0.utf8)) }
            #expect(!made.isEmpty)
            for line in made {
                #expect(line["trace_id"]?.string?.utf8.count == 32 && line["parent_id"] == nil)
                #expect(line["trace_id"]?.string != String(repeating: "1", count: 32))
            }
        }
    }

    @Test func `neither secrets nor people are in the log, at its most talkative`() async throws {
        let log = LogCapture()
        try await TestServer.run(configure: { $0.logger = log.logger }) { server in
            try await server.addUser { user in
                user.claims["name"] = "Augusta Byron"
                user.claims["phone_number"] = "+441632960961"
            }
            try await server.addClient()
            var secrets = ["analytical-engine", "app-secret", "ada@example.org", "Augusta", "Byron", "441632960961", TestFlow.verifier]
            let flow = TestFlow(server)
            let tokens = try await flow.tokens(scope: "openid profile email offline_access notes:read")
            for name in ["access_token", "refresh_token", "id_token"] { secrets.append(try tokens.text(name)) }
            let refreshed = try await flow.refresh(try tokens.text("refresh_token")).json
            secrets += [try refreshed.text("access_token"), try refreshed.text("refresh_token")]
            _ = try await server.userInfo(try tokens.text("access_token"))
            _ = try await server.introspect(try tokens.text("access_token"))
            let service = try await server.clientToken()
            secrets.append(service)
            try await refusals(server, tokens, service)
            _ = try await server.revoke(try refreshed.text("refresh_token"))
            // A wrong password, and a name that nobody has.
            for (username, password) in [("ada", "Swordfish-1984"), ("mary.somerville@example.org", "Swordfish-1985")] {
                var wrong = TestFlow(server)
                wrong.username = username
                wrong.password = password
                _ = try await wrong.authorize()
                secrets += [password, "somerville"]
            }
            #expect(log.lines.count > 50)
            for secret in secrets {
                let found = log.lines.filter { $0.contains(secret) || $0.contains(secret.prefix(40)) }
                #expect(found.isEmpty, "\(secret.prefix(12))… in \(found.first ?? "")")
            }
            for cookie in flow.browser.cookieNames {
                let value = try #require(flow.browser.cookie(cookie))
                #expect(!log.lines.contains { $0.contains(value) }, "\(cookie)")
            }
            for line in log.lines { #expect(throws: Never.self) { try JSONValue(parsing: Array(line.utf8)) } }
        }
    }

    /// Every spoiled field holds what is secret beside the poison.
    private func refusals(_ server: TestServer, _ tokens: JSONValue, _ service: String) async throws {
        let forms: [(String, [(String, String)])] = [
            (
                "/oauth2/token",
                [
                    ("grant_type", "refresh_token"), ("refresh_token", try tokens.text("refresh_token")), ("client_id", "app"),
                    ("client_secret", "app-secret"),
                ]
            ),
            ("/oauth2/introspect", [("token", service), ("client_id", "app"), ("client_secret", "app-secret")]),
            ("/oauth2/revoke", [("token", service), ("client_id", "app"), ("client_secret", "app-secret")]),
            ("/sign-in", [("username", "ada@example.org"), ("password", "analytical-engine")]),
        ]
        for (path, fields) in forms {
            for input in BadInput.all(of: fields, spoiling: fields.map(\.0), bytesMax: 4_096) {
                let answer = try await server.send(
                    .post, path, headers: [.contentType: "application/x-www-form-urlencoded"], body: Array(input.encoded.utf8))
                #expect(answer.status.code < 500, "\(path) \(input)")
            }
        }
        for header in ["Bearer \(service)x", "Basic YXBwOmFwcC1zZWNyZXQ=x", "Basic \u{7F}", "Bearer \(try tokens.text("id_token"))"] {
            _ = try await server.get("/oauth2/userinfo", headers: [.authorization: header])
            _ = try await server.post("/oauth2/token", [("grant_type", "client_credentials")], headers: [.authorization: header])
        }
        for path in ["/nobody/ada@example.org", "/oauth2/authorize?client_id=ada@example.org&token=\(service)", "/v1/keys/\(service)"] {
            _ = try await server.get(path)
        }
    }
}
