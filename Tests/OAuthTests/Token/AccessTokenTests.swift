import Crypto
import FoundationEssentials
import Keys
import OAuth
import OAuthProtocol
import Runtime
import TestKit
import Testing

@Suite struct AccessTokenTests {
    @Test func `an access token of a person says what RFC 9068 demands`() async throws {
        try await TestServer.run { server in
            let user = try await server.addUser { $0.roles = ["editor"] }
            try await server.addClient()
            let tokens = try await TestFlow(server).tokens(scope: "openid notes:read offline_access")
            let (header, claims) = try await server.verified(try tokens.text("access_token"), type: "at+jwt")
            let now = server.clock.now.numericDate
            #expect(header.memberNames == ["alg", "kid", "typ"])
            #expect(header["alg"] == "ES256")
            #expect(header["typ"] == "at+jwt")
            #expect(
                claims.memberNames == [
                    "iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope", "roles", "auth_time", "acr", "amr", "grant_id",
                ], "what outlives the session does not name it")
            #expect(claims["iss"]?.string == TestServer.issuer)
            #expect(claims["sub"]?.string == user.id.token)
            #expect(claims["aud"]?.strings == ["https://api.example", TestServer.issuer])
            #expect(claims["client_id"] == "app")
            #expect(claims["iat"]?.int == now)
            #expect(claims["exp"]?.int == now + 3_600)
            #expect(claims["auth_time"]?.int == now)
            #expect(claims["scope"] == "openid notes:read offline_access")
            #expect(claims["roles"]?.strings == ["editor"])
            #expect(claims["amr"]?.strings == ["pwd"])
            #expect(claims["acr"] == "urn:gatehouse:acr:1")
            #expect(tokens["token_type"] == "Bearer")
            #expect(tokens["expires_in"] == 3_600)
            #expect(tokens["scope"] == "openid notes:read offline_access")
        }
    }

    @Test func `the algorithm and the lifetime are a client's own where declared`() async throws {
        try await TestServer.run { server in
            try await server.addClient("rsa", secret: "s") {
                $0.accessTokenAlgorithm = .rs256
                $0.accessTokenLifetime = .minutes(5)
            }
            let answer = try await server.token([("grant_type", "client_credentials")], basic: ("rsa", "s"))
            #expect(answer.json["expires_in"] == 300)
            let (header, claims) = try await server.verified(try answer.json.text("access_token"), type: "at+jwt")
            #expect(header["alg"] == "RS256")
            #expect(claims["exp"]?.int == (claims["iat"]?.int ?? 0) + 300)
        }
    }

    @Test func `the server's algorithm is what the settings say`() async throws {
        try await TestServer.run(configure: { $0.oauth.accessTokenAlgorithm = .rs256 }) { server in
            try await server.addClient()
            #expect(try TestServer.part(0, of: try await server.clientToken())["alg"] == "RS256")
        }
    }

    @Test func `every token has an id of its own`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            var ids: Set<String> = []
            for _ in 0..<10 {
                ids.insert(try #require(try TestServer.part(1, of: try await server.clientToken())["jti"]?.string))
            }
            #expect(ids.count == 10)
        }
    }

    @Test func `a token ends with its time, on every endpoint`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let access = try #require(try await TestFlow(server).tokens()["access_token"]?.string)
            server.clock.advance(by: .seconds(3_599))
            #expect(try await server.isActive(access) == true)
            #expect(try await server.userInfo(access).status == .ok)
            server.clock.advance(by: .seconds(1))
            #expect(try await server.isActive(access) == false)
            #expect(try await server.userInfo(access).status == .unauthorized)
        }
    }
}
