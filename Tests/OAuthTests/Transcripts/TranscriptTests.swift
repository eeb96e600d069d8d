import HTTPTypes
import HummingbirdTesting
import OAuth
import OAuthProtocol
import Runtime
import TestKit
import Testing

/// Whole conversations, kept as text beside this file.
@Suite struct TranscriptTests {
    private func withServer(_ name: String, _ body: @escaping @Sendable (TestServer, TestFlow, Transcript) async throws -> Void)
        async throws
    {
        try await TestServer.run(configure: { $0.oauth.registration = .open }) { server in
            try await server.addUser()
            try await server.addClient()
            let transcript = Transcript(server)
            try await body(server, TestFlow(server), transcript)
            try transcript.expectRecorded(as: name)
        }
    }

    private func code(_ flow: TestFlow, _ transcript: Transcript, scope: String) async throws -> String {
        let answer = transcript.redirect(flow.authorizeURI(scope: scope), try await flow.authorize(scope: scope))
        return try #require(answer.locationParameter("code"))
    }

    private func fields(code: String) -> [(String, String)] {
        [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", "https://app.example/callback"),
            ("code_verifier", TestFlow.verifier),
        ]
    }

    @Test func `the code flow, userinfo, and a second use of the code`() async throws {
        try await withServer("code-flow") { server, flow, transcript in
            let code = try await code(flow, transcript, scope: "openid profile email offline_access notes:read")
            server.clock.advance(by: .seconds(2))
            let tokens = try await transcript.post("/oauth2/token", fields(code: code)).json
            let access = try tokens.text("access_token")
            try await transcript.get("/oauth2/userinfo", bearer: access)
            transcript.note("Somebody else has seen the code, and tries it.")
            try await transcript.post("/oauth2/token", fields(code: code))
            transcript.note("What the first use gave is revoked.")
            try await transcript.get("/oauth2/userinfo", bearer: access)
            try await transcript.post(
                "/oauth2/token", [("grant_type", "refresh_token"), ("refresh_token", try tokens.text("refresh_token"))])
        }
    }

    @Test func `refresh, a replay in the window, and a replay after it`() async throws {
        try await withServer("refresh") { server, flow, transcript in
            let code = try await code(flow, transcript, scope: "openid offline_access")
            let first = try await transcript.post("/oauth2/token", fields(code: code)).json.text("refresh_token")
            func refresh(_ token: String, _ more: [(String, String)] = []) async throws -> TestResponse {
                try await transcript.post("/oauth2/token", [("grant_type", "refresh_token"), ("refresh_token", token)] + more)
            }
            server.clock.advance(by: .minutes(30))
            let second = try await refresh(first).json.text("refresh_token")
            transcript.note("Ten seconds later the same again: the same successor.")
            server.clock.advance(by: .seconds(10))
            _ = try await refresh(first)
            transcript.note("Narrower, and with an ID token because openid is named.")
            _ = try await refresh(second, [("scope", "openid")])
            _ = try await refresh(second, [("scope", "openid notes:write")])
            transcript.note("Half a minute later somebody replays the first: the family ends.")
            server.clock.advance(by: .seconds(30))
            _ = try await refresh(first)
            _ = try await refresh(second)
        }
    }

    @Test func `client credentials`() async throws {
        try await withServer("client-credentials") { _, _, transcript in
            let grant = ("grant_type", "client_credentials")
            try await transcript.post("/oauth2/token", [grant])
            try await transcript.post("/oauth2/token", [grant, ("scope", "notes:read"), ("resource", "https://api.example")])
            try await transcript.post("/oauth2/token", [grant, ("scope", "openid")])
            try await transcript.post("/oauth2/token", [grant, ("resource", "https://other.example")])
        }
    }

    @Test func `introspection and revocation`() async throws {
        try await withServer("introspection-and-revocation") { server, flow, transcript in
            try await server.addClient("stranger", secret: "stranger-secret")
            let tokens = try await flow.tokens(scope: "openid offline_access notes:read")
            let access = try tokens.text("access_token")
            let refresh = try tokens.text("refresh_token")
            try await transcript.post("/oauth2/introspect", [("token", access)])
            try await transcript.post("/oauth2/introspect", [("token", refresh)])
            try await transcript.post("/oauth2/introspect", [("token", access)], basic: ("stranger", "stranger-secret"))
            try await transcript.post("/oauth2/introspect", [("token", access)], basic: nil)
            transcript.note("A stranger revokes: nothing happens, and nothing is said.")
            try await transcript.post("/oauth2/revoke", [("token", refresh)], basic: ("stranger", "stranger-secret"))
            try await transcript.post("/oauth2/introspect", [("token", refresh)])
            transcript.note("The client that it was issued to revokes.")
            try await transcript.post("/oauth2/revoke", [("token", refresh), ("token_type_hint", "refresh_token")])
            try await transcript.post("/oauth2/introspect", [("token", refresh)])
            try await transcript.post("/oauth2/introspect", [("token", access)])
        }
    }

    @Test func `registration, and its management`() async throws {
        try await withServer("registration") { _, _, transcript in
            let client = try await transcript.sendJSON(
                .post, "/oauth2/register",
                [
                    "client_name": "New application", "client_name#de": "Neue Anwendung", "redirect_uris": ["https://new.example/callback"],
                    "logo_uri": "https://new.example/logo.svg", "scope": "openid email",
                ]
            ).json
            let uri = try client.text("registration_client_uri")
            let token = try client.text("registration_access_token")
            try await transcript.sendJSON(.get, uri, nil, bearer: token)
            try await transcript.sendJSON(
                .put, uri,
                ["client_id": .string(try client.text("client_id")), "redirect_uris": ["https://new.example/other"]], bearer: token)
            try await transcript.sendJSON(.get, uri, nil, bearer: "another")
            try await transcript.sendJSON(.delete, uri, nil, bearer: token)
            try await transcript.sendJSON(.get, uri, nil, bearer: token)
            transcript.note("What is not supported is refused by name.")
            try await transcript.sendJSON(
                .post, "/oauth2/register", ["redirect_uris": ["https://new.example/"], "jwks_uri": "https://new.example/jwks"])
            try await transcript.sendJSON(.post, "/oauth2/register", ["redirect_uris": ["http://new.example/"]])
        }
    }

    @Test func `refusals`() async throws {
        try await withServer("refusals") { server, _, transcript in
            let grant = ("grant_type", "client_credentials")
            try await transcript.post("/oauth2/token", [grant], basic: nil)
            try await transcript.post("/oauth2/token", [grant], basic: ("app", "wrong"))
            try await transcript.post("/oauth2/token", [grant, ("client_secret", "app-secret")])
            try await transcript.post("/oauth2/token", [])
            try await transcript.post("/oauth2/token", [grant, grant])
            try await transcript.post("/oauth2/token", [("grant_type", "password")])
            try await transcript.post("/oauth2/token", [grant, ("scope", "a\r\nb")])
            try await transcript.post("/oauth2/token", [("grant_type", "authorization_code"), ("code", "gh_ac_unknown")])
            try await transcript.post("/oauth2/token", [("grant_type", "refresh_token"), ("refresh_token", "gh_rt_unknown")])
            try await transcript.get("/oauth2/token")
            try await transcript.get("/oauth2/userinfo")
            try await transcript.get("/oauth2/userinfo", bearer: "x")
            try await transcript.get("/oauth2/userinfo", bearer: try await server.clientToken())
            try await transcript.get("/nothing")
        }
    }
}
