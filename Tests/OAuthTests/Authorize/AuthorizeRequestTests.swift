import FoundationEssentials
import HTTPTypes
import OAuthProtocol
import Runtime
import TestKit
import Testing

@testable import OAuth

/// What an authorization request may say, and who is told when it says something else.
@Suite struct AuthorizeRequestTests {
    @Test func `until client and redirect are proven, an error stays on our own page`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            try await server.addClient("gone") { $0.disabledAt = server.clock.now }
            try await server.addClient(
                "two", metadata: ["redirect_uris": ["https://app.example/callback", "https://app.example/other"]])
            let flow = TestFlow(server)
            let changes: [[String: String?]] = [
                ["client_id": nil], ["client_id": "unknown"], ["client_id": ""], ["client_id": "gone"],
                ["redirect_uri": "https://attacker.example/callback"], ["redirect_uri": "https://app.example/callback/"],
                ["redirect_uri": "https://app.example/callback?added=1"], ["redirect_uri": "https://APP.example/callback"],
                ["redirect_uri": "https://app.example/callback#fragment"], ["redirect_uri": "https://app.example:443/callback"],
                ["redirect_uri": "https://app.example/callback/../callback"], ["redirect_uri": "javascript:alert(1)"],
                // OpenID Connect Core §3.1.2.1: always required.
                ["redirect_uri": nil], ["redirect_uri": ""],
                ["client_id": "two", "redirect_uri": nil, "scope": "profile"],
            ]
            for change in changes {
                let answer = try await flow.browser.open(flow.authorizeURI(change))
                #expect(answer.status == .badRequest && answer.isErrorPage, "\(change)")
                #expect(answer.headers[.cacheControl] == "no-store")
            }
            #expect(try await TestRowStore(server.database).counts().values.allSatisfy { $0 == 0 })
        }
    }

    @Test func `once they are proven, the client is told, with state and iss`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let flow = TestFlow(server)
            let cases: [(String, [String: String?])] = [
                ("invalid_request", ["response_type": nil]), ("unsupported_response_type", ["response_type": "token"]),
                ("unsupported_response_type", ["response_type": "code id_token"]), ("unsupported_response_type", ["response_type": "none"]),
                ("invalid_request", ["response_mode": "fragment"]), ("invalid_request", ["response_mode": "jwt"]),
                ("invalid_scope", ["scope": "nothing:known"]), ("invalid_scope", ["scope": " "]), ("invalid_scope", ["scope": "open\"id"]),
                ("invalid_scope", ["scope": "openid introspect"]),
                ("invalid_request", ["code_challenge": nil]), ("invalid_request", ["code_challenge": nil, "code_challenge_method": nil]),
                ("invalid_request", ["code_challenge_method": nil]), ("invalid_request", ["code_challenge_method": "plain"]),
                ("invalid_request", ["code_challenge": "short"]),
                ("invalid_request", ["prompt": "none login"]), ("invalid_request", ["prompt": "create"]),
                ("invalid_request", ["max_age": "-1"]), ("invalid_request", ["max_age": "soon"]),
                ("invalid_request", ["max_age": "99999999999"]),
                ("invalid_request", ["claims": "{"]), ("invalid_request", ["claims": "[]"]),
                ("invalid_request", ["claims": #"{"id_token":{"name":1}}"#]),
                ("invalid_target", ["resource": "https://unknown.example"]),
                ("request_not_supported", ["request": "eyJhbGciOiJub25lIn0.e30."]),
                ("request_uri_not_supported", ["request_uri": "https://app.example/request"]),
                ("registration_not_supported", ["registration": "{}"]),
                ("login_required", ["prompt": "none"]),
                ("invalid_request", ["id_token_hint": "not a token"]),
            ]
            for (code, change) in cases {
                let answer = try await flow.browser.open(flow.authorizeURI(change))
                #expect(answer.errorAtClient() == code, "\(change): \(answer.location ?? answer.text)")
                #expect(answer.headers[.cacheControl] == "no-store")
            }
            #expect(try await TestRowStore(server.database).counts().values.allSatisfy { $0 == 0 })
        }
    }

    @Test func `a client without the code grant is told so`() async throws {
        try await TestServer.run { server in
            try await server.addClient(
                metadata: ["grant_types": ["client_credentials"], "response_types": [], "redirect_uris": ["https://app.example/callback"]])
            let answer = try await TestFlow(server).authorize()
            #expect(answer.errorAtClient() == "unauthorized_client")
        }
    }

    @Test func `without state none comes back, and a state comes back as it was`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            var flow = TestFlow(server)
            #expect(try await flow.authorize(["state": nil]).codeAtClient(state: nil) != nil)
            for state in [String(repeating: "s", count: 2_000), "a+b & c=d?é%00#\u{1F980}", " "] {
                #expect(try await flow.authorize(["state": state]).codeAtClient(state: state) != nil)
            }
            flow.redirectURI = "https://app.example/callback"
            #expect(try await flow.authorize(["prompt": "none", "max_age": "0"]).errorAtClient() == nil)
            server.clock.advance(by: .seconds(1))
            #expect(
                try await flow.authorize(["state": nil, "prompt": "none", "max_age": "0"]).errorAtClient(state: nil) == "login_required")
        }
    }

    @Test func `a redirect keeps the query that it was registered with`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient(metadata: ["redirect_uris": ["https://app.example/callback?tenant=a%20b"]])
            var flow = TestFlow(server)
            flow.redirectURI = "https://app.example/callback?tenant=a%20b"
            let answer = try await flow.authorize()
            #expect(answer.codeAtClient("https://app.example/callback?tenant=a%20b&code=") != nil)
            let mismatches = ["https://app.example/callback", "https://app.example/callback?tenant=b", flow.redirectURI + "&more=1"]
            for mismatch in mismatches {
                #expect(try await flow.authorize(["redirect_uri": mismatch]).isErrorPage)
            }
        }
    }

    @Test func `a loopback redirect may have any port, by literal address only`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient(
                secret: nil,
                metadata: ["redirect_uris": ["http://127.0.0.1/callback", "http://localhost:4000/callback"], "application_type": "native"])
            var flow = TestFlow(server)
            flow.secret = nil
            flow.redirectURI = "http://127.0.0.1:50123/callback"
            let answer = try await flow.authorize()
            let code = try #require(answer.codeAtClient(flow.redirectURI))
            #expect(try await flow.redeem(code, ["redirect_uri": "http://127.0.0.1:50124/callback"]).status == .badRequest)
            #expect(try await flow.authorize(["redirect_uri": "http://localhost:4001/callback"]).isErrorPage)
            #expect(try await flow.authorize(["redirect_uri": "http://127.0.0.1:50123/other"]).isErrorPage)
            #expect(try await flow.authorize(["redirect_uri": "https://127.0.0.1:50123/callback"]).isErrorPage)
        }
    }

    @Test func `what changes nothing is tolerated`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient { $0.consent = .implicit }
            let flow = TestFlow(server)
            let changes: [[String: String?]] = [
                ["display": "page"], ["display": "popup"], ["display": "hologram"], ["ui_locales": "fr-CA fr en"],
                ["claims_locales": "de"], ["acr_values": "urn:mace:incommon:iap:silver 2"], ["login_hint": "ada@example.org"],
                ["unknown": "parameter"], ["nonce": nil], ["nonce": String(repeating: "n", count: 384)],
                ["scope": "openid unheard:of"], ["prompt": ""],
            ]
            for change in changes {
                let answer = try await flow.authorize(change)
                #expect(answer.codeAtClient() != nil, "\(change): \(answer.location ?? "")")
            }
            let identity = try await flow.identity(from: flow.authorize(["acr_values": "whatever", "nonce": nil]))
            #expect(identity["acr"]?.string == "urn:gatehouse:acr:1")
            #expect(identity["nonce"] == nil)
            let long = String(repeating: "n", count: 384)
            #expect(try await flow.identity(from: flow.authorize(["nonce": long]))["nonce"]?.string == long)
        }
    }

    @Test func `the login hint stands in the form`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let flow = TestFlow(server)
            let page = try await flow.browser.open(flow.authorizeURI(["login_hint": "ada\"><b>@example.org"]))
            #expect(page.text.contains("value=\"ada&quot;&gt;&lt;b&gt;@example.org\""))
        }
    }

    @Test func `a plain OAuth request gets no ID token`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient { $0.isPKCERequired = false }
            let flow = TestFlow(server)
            let tokens = try await flow.tokens(scope: "notes:read")
            #expect(tokens["id_token"] == nil)
            #expect(tokens["scope"]?.string == "notes:read")
            // A client that is declared so may leave PKCE out.
            let answer = try await flow.authorize(["code_challenge": nil, "code_challenge_method": nil])
            let code = try #require(answer.codeAtClient())
            #expect(try await flow.redeem(code, ["code_verifier": nil]).status == .ok)
        }
    }

    @Test func `methods that the endpoint doesn't serve are refused`() async throws {
        try await TestServer.run { server in
            for path in ["/oauth2/authorize", "/oauth2/logout", "/sign-in", "/sign-out"] {
                for method in [HTTPRequest.Method.put, .patch, .delete] {
                    let answer = try await server.send(method, path)
                    #expect(answer.status == .methodNotAllowed)
                    #expect(answer.headers[.allow]?.hasPrefix("GET") == true)
                }
            }
            #expect(try await server.get("/oauth2/consent").status == .methodNotAllowed)
            #expect(try await server.get("/oauth2/logout/confirm").status == .methodNotAllowed)
        }
    }
}
