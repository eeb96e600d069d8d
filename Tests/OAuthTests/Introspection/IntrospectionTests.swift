import FoundationEssentials
import HummingbirdTesting
import OAuth
import OAuthProtocol
import Runtime
import TestKit
import Testing

@Suite struct IntrospectionTests {
    @Test func `the client that a token was issued to sees it whole`() async throws {
        try await TestServer.run { server in
            let user = try await server.addUser { $0.roles = ["editor"] }
            try await server.addClient()
            let token = try #require(try await TestFlow(server).tokens(scope: "openid notes:read")["access_token"]?.string)
            let answer = try await server.introspect(token)
            #expect(answer.status == .ok)
            #expect(answer.headers[.cacheControl] == "no-store")
            let claims = try TestServer.part(1, of: token)
            #expect(
                answer.json.memberNames == [
                    "active", "iss", "sub", "aud", "client_id", "exp", "iat", "jti", "token_type", "scope", "roles", "sid", "auth_time",
                ])
            #expect(answer.json["active"] == true)
            #expect(answer.json["sub"]?.string == user.id.token)
            #expect(answer.json["token_type"] == "Bearer")
            for name in ["iss", "aud", "client_id", "exp", "iat", "jti", "scope", "roles", "sid", "auth_time"] {
                #expect(answer.json[name] == claims[name], "\(name)")
            }
        }
    }

    @Test func `a stranger is told that the token is inactive, a service with the scope everything`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            try await server.addClient("stranger", secret: "s")
            try await server.addClient("gateway", secret: "g") { $0.scopes = $0.scopes.union(["introspect"]) }
            let tokens = try await TestFlow(server).tokens(scope: "openid notes:read")
            let token = try tokens.text("access_token")
            #expect(try await server.introspect(token, basic: ("stranger", "s")).text == #"{"active":false}"#)
            #expect(try await server.isActive(token, basic: ("gateway", "g")) == true)
            // A refresh token is between its client and us.
            let refresh = try tokens.text("refresh_token")
            #expect(try await server.isActive(refresh) == true)
            #expect(try await server.isActive(refresh, basic: ("gateway", "g")) == false)
            #expect(try await server.isActive(refresh, basic: ("stranger", "s")) == false)
        }
    }

    @Test func `a client whose own tokens may be for a service is not that service`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            try await server.addClient("consumer", secret: "c") { $0.audiences = ["https://api.example"] }
            let token = try #require(try await TestFlow(server).tokens(scope: "openid notes:read")["access_token"]?.string)
            #expect(try await server.isActive(token, basic: ("consumer", "c")) == false)
        }
    }

    @Test func `a service sees the tokens that are meant for it, and no others`() async throws {
        try await TestServer.run(configure: { parts in
            parts.oauth.resources = parts.oauth.resources.map { resource in
                Resource(identifier: resource.identifier, name: resource.name, scopes: resource.scopes, clients: ["notes"])
            }
        }) { server in
            try await server.addUser()
            try await server.addClient()
            try await server.addClient("notes", secret: "n")
            let flow = TestFlow(server)
            let meant = try #require(try await flow.tokens(scope: "openid notes:read")["access_token"]?.string)
            let other = try #require(try await flow.tokens(scope: "openid")["access_token"]?.string)
            #expect(try await server.isActive(meant, basic: ("notes", "n")) == true)
            #expect(try await server.isActive(other, basic: ("notes", "n")) == false)
        }
    }

    @Test func `callers must prove themselves, and public ones can't`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            try await server.addClient("spa", secret: nil)
            let token = try await server.clientToken()
            for basic in [nil, ("app", "wrong"), ("nobody", "x")] as [TestServer.Credentials?] {
                let answer = try await server.introspect(token, basic: basic)
                #expect(answer.status == .unauthorized)
                #expect(answer.errorCode == "invalid_client")
            }
            let spa = try await server.post("/oauth2/introspect", [("token", token), ("client_id", "spa")])
            #expect(spa.status == .unauthorized)
            // RFC 7662 §2.1 allows a bearer token: a client's own serves as its secret does.
            func ask(bearer: String) async throws -> TestResponse {
                try await server.post("/oauth2/introspect", [("token", token)], headers: [.authorization: "Bearer \(bearer)"])
            }
            try await server.addClient("service", secret: "service-secret") { $0.scopes = ["introspect", "notes:read"] }
            let own = try await server.clientToken(basic: ("service", "service-secret"))
            #expect(try await ask(bearer: own).json["active"]?.bool == true)
            // One that is meant for another service does not.
            #expect(try await ask(bearer: token).status == .unauthorized)
            #expect(try await ask(bearer: "garbage").status == .unauthorized)
            // A person's does not.
            try await server.addUser()
            let person = try await TestFlow(server).tokens(scope: "openid")
            #expect(try await ask(bearer: try person.text("access_token")).status == .forbidden)
        }
    }

    @Test func `the hint is only a hint`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let tokens = try await TestFlow(server).tokens()
            for name in ["access_token", "refresh_token"] {
                for hint in ["access_token", "refresh_token", "something_else", ""] {
                    let answer = try await server.post(
                        "/oauth2/introspect", [("token", try #require(tokens[name]?.string)), ("token_type_hint", hint)],
                        basic: ("app", "app-secret"))
                    #expect(answer.json["active"] == true)
                }
            }
        }
    }

    @Test func `a refresh token is active while it would work`() async throws {
        try await TestServer.run { server in
            let user = try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let refresh = try #require(try await flow.tokens(scope: "openid offline_access")["refresh_token"]?.string)
            let answer = try await server.introspect(refresh)
            #expect(answer.json["sub"]?.string == user.id.token)
            #expect(answer.json["client_id"] == "app")
            #expect(answer.json["scope"] == "openid offline_access")
            #expect(answer.json["exp"]?.int == server.clock.now.numericDate + 7 * 86_400)
            #expect(answer.json["token_type"] == nil)
            let next = try #require(try await flow.refresh(refresh).json["refresh_token"]?.string)
            #expect(try await server.isActive(refresh) == false)
            #expect(try await server.isActive(next) == true)
            server.clock.advance(by: .days(7))
            #expect(try await server.isActive(next) == false)
        }
    }

    @Test func `a code is no token`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let code = try #require(try await flow.authorize().locationParameter("code"))
            #expect(try await server.introspect(code).text == #"{"active":false}"#)
            #expect(try await flow.redeem(code).status == .ok)
        }
    }

    @Test func `a disabled person's tokens are inactive at once`() async throws {
        try await TestServer.run { server in
            let user = try await server.addUser()
            try await server.addClient()
            let tokens = try await TestFlow(server).tokens(scope: "openid offline_access")
            let access = try tokens.text("access_token")
            try await server.disable(user)
            #expect(try await server.isActive(access) == false)
            #expect(try await server.isActive(try tokens.text("refresh_token")) == false)
            #expect(try await server.userInfo(access).status == .unauthorized)
        }
    }
}
