import FoundationEssentials
import HummingbirdTesting
import Keys
import OAuth
import OAuthProtocol
import Postgres
import Runtime
import TestKit
import Testing

@testable import Accounts

@Suite struct UpstreamTokenExchangeTests {
    private static let accessTokenType = "urn:ietf:params:oauth:token-type:access_token"

    /// Ada, linked at Google, whose tokens `app` may have and `other` may not.
    private func run(
        clients: [String] = ["app"], _ body: @escaping @Sendable (TestServer, User, _ token: String) async throws -> Void
    ) async throws {
        try await TestServer.run { server in
            let ada = try await server.addUser()
            try await server.addClient()
            try await server.addClient("other", secret: "other-secret")
            try await server.addClient("spa", secret: nil)
            try await keep(clients: clients, for: ada, at: server)
            let tokens = try await TestFlow(server).tokens(scope: "openid")
            try await body(server, ada, try #require(tokens["access_token"]?.string))
        }
    }

    private func keep(clients: [String], for user: User, at server: TestServer, expiresAt: Date? = nil) async throws {
        let now = server.clock.now
        let randomness = server.wiring.parts.randomness
        let masterKeys = server.wiring.parts.masterKeys
        for preset in [FederationPreset.google, .github] {
            var provider = preset.provider(id: preset.rawValue, clientID: "gatehouse")
            if preset == .google { provider.tokenClients = clients }
            try await server.declare(provider)
            let identity = FederatedIdentity(
                id: randomness.uuid(at: now), providerID: provider.id, issuer: "https://issuer.example", subject: user.username,
                userID: user.id, label: nil, createdAt: now, lastUsedAt: now)
            _ = try await FederationStore(server.database).insert(identity)
            try await UpstreamTokenStore(server.database, masterKeys: masterKeys).put(
                UpstreamTokens(
                    accessToken: "ya29.\(user.username).\(provider.id)", tokenType: "bearer", refreshToken: nil, idToken: nil,
                    scope: "openid email", expiresAt: expiresAt ?? now + .minutes(30), storedAt: now), for: identity.id,
                randomness: randomness)
        }
    }

    private func exchange(
        _ server: TestServer, _ token: String, _ changes: [String: String?] = [:], basic: TestServer.Credentials? = ("app", "app-secret")
    ) async throws -> TestResponse {
        var fields: [String: String?] = [
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": token,
            "subject_token_type": Self.accessTokenType, "audience": "google",
        ]
        for (name, value) in changes { fields[name] = .some(value) }
        return try await server.post("/oauth2/token", fields.compactMap { name, value in value.map { (name, $0) } }, basic: basic)
    }

    private func reasons(_ server: TestServer) async throws -> [String] {
        server.wiring.tally.take().filter { $0.kind.name == "upstream_token.refused" }.compactMap { $0.detail["reason"] }
    }

    @Test func `a listed client gets the provider's token of the person whose access token it holds`() async throws {
        try await run { server, _, token in
            let answer = try await exchange(server, token)
            #expect(answer.status == .ok, "\(answer.text)")
            #expect(answer.json["access_token"]?.string == "ya29.ada.google")
            #expect(answer.json["token_type"]?.string == "Bearer")
            #expect(answer.json["issued_token_type"]?.string == "urn:gatehouse:params:oauth:token-type:upstream-access-token")
            #expect(answer.json["expires_in"]?.int == 1_800)
            #expect(answer.json["scope"]?.string == "openid email")
            #expect(answer.json["refresh_token"] == nil && answer.json["id_token"] == nil)
            #expect(answer.headers[.cacheControl] == "no-store")
            #expect(server.wiring.tally.take().contains { $0.kind.name == "upstream_token.given" && $0.clientID == "app" })
            for type in [Self.accessTokenType, "urn:gatehouse:params:oauth:token-type:upstream-access-token"] {
                #expect(try await exchange(server, token, ["requested_token_type": type]).status == .ok)
            }
        }
    }

    @Test func `a client that the provider's settings do not list gets nothing, and learns nothing`() async throws {
        try await run { server, _, token in
            let flow = TestFlow(server)
            var other = flow
            other.clientID = "other"
            other.secret = "other-secret"
            let theirs = try #require(try await other.tokens(scope: "openid")["access_token"]?.string)
            var texts: Set<String> = []
            for answer in [
                try await exchange(server, theirs, basic: ("other", "other-secret")),
                try await exchange(server, theirs, ["audience": "nowhere"], basic: ("other", "other-secret")),
                try await exchange(server, "rubbish", basic: ("other", "other-secret")),
                try await exchange(server, token, ["audience": "github"]),
            ] {
                #expect(answer.status == .badRequest && answer.errorCode == "invalid_target")
                texts.insert(answer.text)
            }
            #expect(texts.count == 1)
            #expect(try await Set(reasons(server)) == ["client_not_listed", "unknown_provider"])
        }
    }

    @Test func `where no client is listed nobody gets anything`() async throws {
        try await run(clients: []) { server, _, token in
            let answer = try await exchange(server, token)
            #expect(answer.errorCode == "invalid_target")
        }
    }

    @Test func `a client proves itself`() async throws {
        try await run(clients: ["app", "spa"]) { server, _, token in
            #expect(try await exchange(server, token, basic: nil).status == .unauthorized)
            #expect(try await exchange(server, token, basic: ("app", "wrong")).status == .unauthorized)
            #expect(try await exchange(server, token, ["client_id": "app"], basic: nil).status == .unauthorized)
            var flow = TestFlow(server)
            flow.clientID = "spa"
            flow.secret = nil
            let theirs = try #require(try await flow.tokens(scope: "openid")["access_token"]?.string)
            #expect(try await exchange(server, theirs, ["client_id": "spa"], basic: nil).errorCode == "unauthorized_client")
        }
    }

    @Test func `the access token is the client's own, of a person, and still good`() async throws {
        try await run(clients: ["app", "other"]) { server, ada, token in
            // Another client's, and one in which no person stands.
            #expect(try await exchange(server, token, basic: ("other", "other-secret")).errorCode == "invalid_request")
            let own = try await server.clientToken()
            for text in [own, token + "x", "rubbish", String(token.dropLast(3))] {
                let answer = try await exchange(server, text)
                #expect(answer.status == .badRequest && answer.errorCode == "invalid_request", "\(text)")
            }
            #expect(
                try await Set(reasons(server)) == [
                    "subject_token_of_another_client", "subject_token_of_nobody", "subject_token_invalid",
                ])
            try await server.revoke(token)
            try await server.wiring.revocations.load(now: server.clock.now)
            #expect(try await exchange(server, token).errorCode == "invalid_request")
            let again = try #require(try await TestFlow(server).tokens(scope: "openid")["access_token"]?.string)
            #expect(try await exchange(server, again).status == .ok)
            try await server.disable(ada)
            #expect(try await exchange(server, again).errorCode == "invalid_request")
        }
    }

    @Test func `a person who has been disabled gets nothing, also while this node has not heard that their tokens are revoked`()
        async throws
    {
        try await run { server, _, token in
            try await server.database.execute("update users set disabled_at = $1", [.timestamp(server.clock.now)])
            #expect(try await exchange(server, token).errorCode == "invalid_request")
            #expect(try await reasons(server) == ["user_gone"])
        }
    }

    @Test func `the ID token and the refresh token are no access tokens`() async throws {
        try await run { server, _, _ in
            let tokens = try await TestFlow(server).tokens(scope: "openid offline_access")
            for name in ["id_token", "refresh_token"] {
                let text = try #require(tokens[name]?.string)
                #expect(try await exchange(server, text).errorCode == "invalid_request", "\(name)")
            }
        }
    }

    @Test func `a person who is not linked, and one whose token has ended, must sign in there`() async throws {
        try await run { server, _, token in
            try await server.addUser("grace")
            var flow = TestFlow(server)
            flow.username = "grace"
            let theirs = try #require(try await flow.tokens(scope: "openid")["access_token"]?.string)
            #expect(try await exchange(server, theirs).errorCode == "invalid_target")
            // Without a refresh token there is no newer one.
            server.clock.advance(by: .minutes(30))
            #expect(try await exchange(server, token).errorCode == "invalid_target")
            #expect(try await reasons(server) == ["nothing_kept"])
        }
    }

    @Test func `what would narrow the token is not passed over`() async throws {
        try await run { server, _, token in
            for (name, value) in [
                ("scope", "email"), ("resource", "https://api.example"), ("actor_token", "x"), ("requested_token_type", "jwt"),
            ] {
                let answer = try await exchange(server, token, [name: value])
                #expect(answer.errorCode == "invalid_request", "\(name)")
            }
            #expect(try await exchange(server, token, ["audience": nil]).errorCode == "invalid_request")
            // Nor is the second one of two.
            let two = [
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", token),
                ("subject_token_type", Self.accessTokenType), ("audience", "google"), ("audience", "github"),
            ]
            #expect(try await server.post("/oauth2/token", two, basic: ("app", "app-secret")).errorCode == "invalid_request")
        }
    }

    @Test func `spoiled forms`() async throws {
        try await run { server, _, token in
            let good = [
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", token),
                ("subject_token_type", Self.accessTokenType), ("audience", "google"),
            ]
            let basic = BasicCredentials.headerValue(clientID: "app", clientSecret: "app-secret")
            for input in BadInput.all(of: good, spoiling: good.map(\.0), bytesMax: 65_536) {
                // RFC 6749 §3.2: what has no value counts as left out, and audience may stand more than once.
                if "\(input)" == "audience twice, once empty" { continue }
                let answer = try await server.send(
                    .post, "/oauth2/token",
                    headers: [.authorization: basic, .contentType: "application/x-www-form-urlencoded"], body: Array(input.encoded.utf8))
                #expect((400..<500).contains(answer.status.code) && answer.errorCode != nil, "\(input)")
            }
        }
    }
}
