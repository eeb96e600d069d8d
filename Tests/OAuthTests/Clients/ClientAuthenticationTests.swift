import HTTPTypes
import HummingbirdTesting
import OAuth
import OAuthProtocol
import TestKit
import Testing

@Suite struct ClientAuthenticationTests {
    private let grant = [("grant_type", "client_credentials")]

    private func send(_ server: TestServer, _ authorization: String?, _ more: [(String, String)] = []) async throws -> TestResponse {
        var headers: HTTPFields = [:]
        if let authorization { headers[.authorization] = authorization }
        return try await server.post("/oauth2/token", grant + more, headers: headers)
    }

    @Test func `a client proves itself by Basic, and by a form when registered so`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            try await server.addClient("poster", secret: "post-secret", metadata: ["token_endpoint_auth_method": "client_secret_post"])
            let basic = try await server.token(grant)
            #expect(basic.status == .ok)
            #expect(basic.headers[.cacheControl] == "no-store")
            let post = try await server.post("/oauth2/token", grant + [("client_id", "poster"), ("client_secret", "post-secret")])
            #expect(post.status == .ok)
            // Naming oneself beside Basic is no second method.
            #expect(try await server.token(grant + [("client_id", "app")]).status == .ok)
        }
    }

    @Test func `the other method than the registered one is refused`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            try await server.addClient("poster", secret: "post-secret", metadata: ["token_endpoint_auth_method": "client_secret_post"])
            try await server.addClient("public", secret: nil)
            let posted = try await server.post("/oauth2/token", grant + [("client_id", "app"), ("client_secret", "app-secret")])
            #expect(posted.errorCode == "invalid_client")
            #expect(try await server.token(grant, basic: ("poster", "post-secret")).errorCode == "invalid_client")
            // A confidential client without its secret, and a public one with a secret.
            #expect(try await server.post("/oauth2/token", grant + [("client_id", "app")]).errorCode == "invalid_client")
            #expect(try await server.token(grant, basic: ("public", "")).errorCode == "invalid_client")
            #expect(try await server.token(grant, basic: ("public", "guess")).errorCode == "invalid_client")
        }
    }

    @Test func `two methods at once are an invalid request`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let both = try await server.token(grant + [("client_id", "app"), ("client_secret", "app-secret")])
            #expect(both.status == .badRequest)
            #expect(both.errorCode == "invalid_request")
            let otherName = try await server.token(grant + [("client_id", "someone-else")])
            #expect(otherName.errorCode == "invalid_request")
            var headers: HTTPFields = [:]
            for _ in 0..<2 {
                headers.append(
                    HTTPField(name: .authorization, value: BasicCredentials.headerValue(clientID: "app", clientSecret: "app-secret")))
            }
            #expect(try await server.post("/oauth2/token", grant, headers: headers).errorCode == "invalid_request")
        }
    }

    @Test func `who fails is answered 401 with a Basic challenge, unknown or wrong alike`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            var bodies: Set<String> = []
            for basic in [("app", "wrong"), ("nobody", "app-secret"), ("app", ""), ("APP", "app-secret"), ("app ", "app-secret")] {
                let answer = try await server.token(grant, basic: basic)
                #expect(answer.status == .unauthorized)
                #expect(answer.headers[.wwwAuthenticate] == "Basic realm=\"gatehouse\", charset=\"UTF-8\"")
                #expect(answer.headers[.cacheControl] == "no-store")
                bodies.insert(answer.text)
            }
            // Nobody learns which clients exist.
            #expect(bodies.count == 1)
            // RFC 9110 §15.5.2: a 401 always carries a challenge.
            for more in [[], [("client_id", "app"), ("client_secret", "wrong")], [("client_id", "nobody")]] {
                let answer = try await server.post("/oauth2/token", grant + more)
                #expect(answer.status == .unauthorized)
                #expect(answer.errorCode == "invalid_client")
                #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Basic ") == true)
            }
        }
    }

    @Test func `Basic credentials are form-encoded and strict`() async throws {
        try await TestServer.run { server in
            try await server.addClient("a client: 1", secret: "p%ss+w örd:")
            #expect(try await server.token(grant, basic: ("a client: 1", "p%ss+w örd:")).status == .ok)
            for header in [
                "Basic", "Basic ", "Basic !!!!", "Basic YXBw", "Basic YXBwOmFwcC1zZWNyZXQ=extra", "Basic OmFwcA==", "Basic YSUwMDph",
                "Basic YSVaWjph", "Basic YSVGRjph", "Bearer abc", "Digest username=app", "Basic " + String(repeating: "QUFB", count: 2_000),
            ] {
                let answer = try await send(server, header)
                #expect(answer.status == .unauthorized, "\(header.prefix(40))")
                #expect(answer.errorCode == "invalid_client", "\(header.prefix(40))")
                #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Basic ") == true, "\(header.prefix(40))")
            }
        }
    }

    @Test func `where no secret is stored, none proves anything`() async throws {
        try await TestServer.run { server in
            for method in ["client_secret_basic", "client_secret_post"] {
                try await server.addClient(method, secret: nil, metadata: ["token_endpoint_auth_method": .string(method)])
                #expect(try await server.token(grant, basic: (method, "")).status == .unauthorized)
                #expect(try await server.token(grant + [("client_id", method), ("client_secret", "")], basic: nil).status == .unauthorized)
                #expect(try await server.token(grant + [("client_id", method)], basic: nil).status == .unauthorized)
            }
        }
    }

    @Test func `a disabled client is refused everywhere`() async throws {
        try await TestServer.run { server in
            try await server.addClient { $0.disabledAt = server.clock.now }
            #expect(try await server.token(grant).status == .unauthorized)
            #expect(try await server.introspect("x").status == .unauthorized)
            #expect(try await server.revoke("x").status == .unauthorized)
        }
    }

    @Test func `client assertions are not supported, and never ignored`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let type = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            for more in [[type], [("client_assertion", "e30.e30.")], [type, ("client_assertion", "e30.e30.")]] {
                #expect(try await server.token(grant + more).errorCode == "invalid_client")
            }
        }
    }

    @Test func `a client that another node changed is seen after five seconds at the latest`() async throws {
        try await TestServer.run { server in
            var client = try await server.addClient()
            #expect(try await server.token(grant).status == .ok)
            client.disabledAt = server.clock.now
            let disabled = client
            try await server.database.transaction { try await ClientStore($0).update(disabled, now: server.clock.now) }
            server.clock.advance(by: .seconds(5))
            #expect(try await server.token(grant).status == .unauthorized)
        }
    }
}
