import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import TestKit
import Testing

@testable import OAuth

/// Every parameter of the authorization request spoiled in every way: the client or a page says so, and nothing is stored.
@Suite struct BadAuthorizeInputTests {
    private static let known = [
        "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
        "response_mode", "prompt", "max_age", "login_hint", "id_token_hint", "claims", "display", "ui_locales", "claims_locales",
        "acr_values", "resource",
    ]
    /// Sent twice, they are two (RFC 8707 §2).
    private static let repeatable: Set<String> = ["resource"]
    /// Without these the target is not proven.
    private static let target: Set<String> = ["client_id", "redirect_uri"]

    private static func fields(_ flow: TestFlow) throws -> [(String, String)] {
        try Parameters(urlEncoded: flow.authorizeURI().split(separator: "?")[1].utf8).pairs.map { ($0.name, $0.value) } + [
            ("response_mode", "query"), ("prompt", "login"), ("max_age", "100"), ("login_hint", "ada"), ("display", "page"),
            ("ui_locales", "en"), ("claims_locales", "en"), ("acr_values", "1"), ("claims", "{}"), ("resource", "https://api.example"),
        ]
    }

    private static func isRefused(_ answer: TestResponse, _ input: BadInput) -> Bool {
        if answer.isErrorPage { return true }
        let state = input.field == "state" ? nil : "a state"
        return !target.contains(input.field) && answer.errorAtClient(state: state) != nil
    }

    @Test func `spoiled queries`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient { $0.consent = .implicit }
            let flow = TestFlow(server)
            let fields = try Self.fields(flow)
            // Signed in, so that a request which passed would give a code.
            _ = try await flow.authorize()
            let before = try await TestRowStore(server.database).counts()
            let inputs =
                BadInput.all(of: fields, spoiling: Self.known, bytesMax: 32_768)
                + BadInput.missing(["response_type", "client_id", "redirect_uri", "code_challenge", "code_challenge_method"], of: fields)
            for input in inputs where !(Self.repeatable.contains(input.field) && input.kind.hasPrefix("twice")) {
                let answer = try await flow.browser.exchange(.get, "/oauth2/authorize?" + input.encoded)
                #expect(Self.isRefused(answer, input), "\(input): \(answer.status) \(answer.location ?? "")")
                #expect(answer.headers[values: .setCookie].isEmpty)
                #expect(answer.location?.contains("X-Injected") != true)
            }
            #expect(try await TestRowStore(server.database).counts() == before)
        }
    }

    @Test func `spoiled forms`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let flow = TestFlow(server)
            let fields = try Self.fields(flow)
            let inputs = BadInput.all(of: fields, spoiling: Self.known, bytesMax: 65_536)
            for input in inputs where !(Self.repeatable.contains(input.field) && input.kind.hasPrefix("twice")) {
                let answer = try await server.send(
                    .post, "/oauth2/authorize", headers: [.contentType: "application/x-www-form-urlencoded"],
                    body: Array(input.encoded.utf8))
                #expect(Self.isRefused(answer, input), "\(input): \(answer.status) \(answer.location ?? "")")
            }
            #expect(try await TestRowStore(server.database).counts().values.allSatisfy { $0 == 0 })
        }
    }

    @Test func `a query beyond its limit, and one of a hundred parameters too many`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let flow = TestFlow(server)
            let long = try await server.get(flow.authorizeURI(["padding": String(repeating: "a", count: 32_768)]))
            #expect(long.isErrorPage)
            let many = flow.authorizeURI() + String(repeating: "&a=1", count: 101)
            #expect(try await server.get(many).isErrorPage)
            #expect(try await TestRowStore(server.database).count("authorization_requests") == 0)
        }
    }

    @Test func `hints for a provider have their bounds`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let flow = TestFlow(server)
            for (name, bytesMax) in [("domain_hint", 253), ("login_hint", 512)] {
                let fits = try await flow.browser.open(flow.authorizeURI([name: String(repeating: "a", count: bytesMax)]))
                #expect(fits.shows("sign-in-form"), "\(name)")
                let long = try await flow.browser.open(flow.authorizeURI([name: String(repeating: "a", count: bytesMax + 1)]))
                #expect(long.errorAtClient() == "invalid_request", "\(name)")
            }
        }
    }

    @Test func `a spoiled handle`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let flow = TestFlow(server)
            let address = try #require(try await flow.browser.exchange(.get, flow.authorizeURI()).location)
            let handle = try Parameters(urlEncoded: address.split(separator: "?")[1].utf8).required("request")
            let inputs =
                BadInput.all(of: [("request", handle)], spoiling: ["request"], bytesMax: 32_768)
                + BadInput.all(of: [("request", handle), ("account", "current")], spoiling: ["account"], bytesMax: 32_768)
                + BadInput.all(of: [("request", handle), ("proof", "none")], spoiling: ["proof"], bytesMax: 32_768)
                + BadInput.missing(["request"], of: [("request", handle)])
            for input in inputs {
                let answer = try await flow.browser.exchange(.get, "/oauth2/authorize/continue?" + input.encoded)
                #expect(answer.isErrorPage, "\(input): \(answer.status)")
            }
            #expect(try await flow.browser.open(address).shows("sign-in-form"))
        }
    }
}
