import FoundationEssentials
import Guard
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import Runtime
import TestKit
import Testing
import Web

/// Each policy where it is applied, through the real router.
@Suite struct RateLimitEndpointTests {
    private func fields(_ answer: TestResponse) -> [String?] {
        [answer.headers[.rateLimitPolicy], answer.headers[.rateLimit], answer.headers[.retryAfter]]
    }

    @Test func `every limited answer says where its sender stands`() async throws {
        try await TestServer.run(configure: { $0.limits.defaultPerAddress = .init(burst: 3, perMinute: 6) }) { server in
            #expect(try await fields(server.get("/oauth2/jwks")) == [#""address";q=3;w=30"#, #""address";r=2;t=10"#, nil])
            // Also what is not found, or not allowed.
            #expect(try await fields(server.get("/nowhere")) == [#""address";q=3;w=30"#, #""address";r=1;t=20"#, nil])
            #expect(try await fields(server.send(.delete, "/oauth2/jwks"))[1] == #""address";r=0;t=30"#)
            let refused = try await server.get("/oauth2/jwks")
            #expect(refused.status == .tooManyRequests && refused.errorCode == "too_many_requests")
            #expect(fields(refused) == [#""address";q=3;w=30"#, #""address";r=0;t=30"#, "10"])
            server.clock.advance(by: .seconds(10))
            #expect(try await server.get("/oauth2/jwks").status == .ok)
            #expect(try await server.get("/", headers: [.accept: "text/html"]).shows("error-page"))
        }
    }

    @Test func `the limit closest to its end is the one that is told`() async throws {
        try await TestServer.run(configure: {
            $0.limits.tokenPerAddress = .init(burst: 100, perMinute: 100)
            $0.limits.tokenPerClient = .init(burst: 4, perMinute: 60)
        }) { server in
            try await server.addClient()
            let answer = try await server.token([("grant_type", "client_credentials")])
            #expect(answer.status == .ok && fields(answer) == [#""token-client";q=4;w=4"#, #""token-client";r=3;t=1"#, nil])
            let unproven = try await server.token([("grant_type", "client_credentials")], basic: ("app", "wrong"))
            #expect(unproven.status == .unauthorized && fields(unproven)[1] == #""token-address";r=98;t=2"#)
        }
    }

    @Test func `a client has one allowance for tokens, and others have their own`() async throws {
        try await TestServer.run(configure: { $0.limits.tokenPerClient = .init(burst: 2, perMinute: 1) }) { server in
            try await server.addClient()
            try await server.addClient("other", secret: "other-secret")
            for _ in 0..<2 { #expect(try await server.token([("grant_type", "client_credentials")]).status == .ok) }
            let refused = try await server.token([("grant_type", "client_credentials")])
            #expect(refused.status == .tooManyRequests && refused.headers[.retryAfter] == "60")
            #expect(try await server.token([("grant_type", "client_credentials")], basic: ("other", "other-secret")).status == .ok)
            // Counted once, with client and policy.
            let events = server.wiring.tally.take().filter { $0.kind.name == "rate_limit.refused" }
            #expect(events.count == 1 && events[0].clientID == "app" && events[0].detail["reason"] == "token-client")
        }
    }

    @Test func `whoever names a client can't use up its allowance`() async throws {
        try await TestServer.run(configure: { $0.limits.tokenPerClient = .init(burst: 2, perMinute: 1) }) { server in
            try await server.addClient()
            try await server.addClient("spa", secret: nil)
            for _ in 0..<5 {
                #expect(try await server.token([("grant_type", "client_credentials")], basic: ("app", "wrong")).status == .unauthorized)
                let named = try await server.token(
                    [("grant_type", "refresh_token"), ("refresh_token", "gh_rt_x"), ("client_id", "spa")], basic: nil)
                #expect(named.errorCode == "invalid_grant")
            }
            #expect(try await server.token([("grant_type", "client_credentials")]).status == .ok)
        }
    }

    @Test func `an address has its allowance of token requests, whatever it sends`() async throws {
        try await TestServer.run(configure: { $0.limits.tokenPerAddress = .init(burst: 2, perMinute: 1) }) { server in
            try await server.addClient()
            #expect(try await server.token([("grant_type", "nonsense")], basic: nil).status == .unauthorized)
            #expect(try await server.token([("grant_type", "client_credentials")]).status == .ok)
            #expect(try await server.token([("grant_type", "client_credentials")]).status == .tooManyRequests)
            // Other endpoints have another.
            #expect(try await server.get("/oauth2/jwks").status == .ok)
        }
    }

    @Test func `wrong secrets are counted by client and address; then not even the right one is looked at`() async throws {
        try await TestServer.run(configure: { $0.limits.clientGuessesPerClient = .init(burst: 3, perMinute: 1) }) { server in
            try await server.addClient()
            try await server.addClient("other", secret: "other-secret")
            let wanted = [("grant_type", "client_credentials")]
            // Right secrets cost nothing.
            for _ in 0..<10 { #expect(try await server.token(wanted).status == .ok) }
            #expect(try await server.token(wanted, basic: ("app", "wrong")).status == .unauthorized)
            #expect(try await server.introspect("x", basic: ("app", "wrong")).status == .unauthorized)
            #expect(try await server.revoke("x", basic: ("app", "wrong")).status == .unauthorized)
            let refused = try await server.token(wanted)
            #expect(refused.status == .tooManyRequests && refused.headers[.retryAfter] == "60")
            #expect(try await server.introspect("x").status == .tooManyRequests)
            let header = BasicCredentials.headerValue(clientID: "app", clientSecret: "app-secret")
            #expect(try await server.get("/v1/keys", headers: [.authorization: header]).status == .tooManyRequests)
            // Another client at the same address is not concerned, nor is one that doesn't exist.
            #expect(try await server.token(wanted, basic: ("other", "other-secret")).status == .ok)
            for _ in 0..<3 { #expect(try await server.token(wanted, basic: ("nobody", "x")).status == .unauthorized) }
            #expect(try await server.token(wanted, basic: ("nobody", "x")).status == .tooManyRequests)
            server.clock.advance(by: .seconds(60))
            #expect(try await server.token(wanted).status == .ok)
        }
    }

    @Test func `wrong secrets are counted by address, whichever client is claimed`() async throws {
        try await TestServer.run(configure: { $0.limits.clientGuessesPerAddress = .init(burst: 3, perMinute: 1) }) { server in
            try await server.addClient()
            for name in ["a", "b", "c"] {
                #expect(try await server.token([("grant_type", "client_credentials")], basic: (name, "x")).status == .unauthorized)
            }
            #expect(try await server.token([("grant_type", "client_credentials")], basic: ("d", "x")).status == .tooManyRequests)
            // Without a secret nothing is guessed.
            let named = try await server.token([("grant_type", "client_credentials"), ("client_id", "app")], basic: nil)
            #expect(named.status == .unauthorized)
        }
    }

    @Test func `a caller has one allowance for introspection and one for verification`() async throws {
        try await TestServer.run(configure: {
            $0.limits.introspectionPerCaller = .init(burst: 2, perMinute: 1)
            $0.limits.verificationPerCaller = .init(burst: 1, perMinute: 1)
        }) { server in
            try await server.addClient { $0.scopes = ["introspect"] }
            for _ in 0..<2 { #expect(try await server.introspect("x").status == .ok) }
            #expect(
                try await fields(server.introspect("x")) == [
                    #""introspection-caller";q=2;w=120"#, #""introspection-caller";r=0;t=120"#, "60",
                ])
            let token = try await server.clientToken()
            #expect(try await server.sendJSON(.post, "/v1/keys/verify", ["key": "x"], bearer: token).status == .ok)
            let refused = try await server.sendJSON(.post, "/v1/keys/verify", ["key": "x"], bearer: token)
            #expect(refused.status == .tooManyRequests && refused.headers[.retryAfter] == "60")
        }
    }

    @Test func `a person has one allowance for userinfo`() async throws {
        try await TestServer.run(configure: { $0.limits.userInfoPerUser = .init(burst: 2, perMinute: 1) }) { server in
            try await server.addUser()
            try await server.addClient()
            let token = try await TestFlow(server).tokens().text("access_token")
            for _ in 0..<2 { #expect(try await server.userInfo(token).status == .ok) }
            #expect(try await server.userInfo(token).status == .tooManyRequests)
        }
    }

    @Test func `an API key's own limit is told to whoever calls with it`() async throws {
        try await TestServer.run { server in
            try await server.addClient { $0.scopes = ["keys", "notes:read"] }
            let token = try await server.clientToken(scope: "keys")
            let issued = try await server.sendJSON(
                .post, "/v1/keys", ["name": "CI", "scope": "keys", "rate_limit": ["burst": 2, "per_minute": 60]], bearer: token)
            let key = try issued.json.text("key")
            let authorization: HTTPFields = [.authorization: "Bearer \(key)"]
            #expect(
                try await fields(server.get("/v1/keys", headers: authorization)) == [#""api-key";q=2;w=2"#, #""api-key";r=1;t=1"#, nil])
            #expect(try await server.get("/v1/keys", headers: authorization).status == .ok)
            #expect(
                try await fields(server.get("/v1/keys", headers: authorization)) == [
                    #""api-key";q=2;w=2"#, #""api-key";r=0;t=2"#, "1",
                ])
        }
    }
}
