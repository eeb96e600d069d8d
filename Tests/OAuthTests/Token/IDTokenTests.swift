import Crypto
import FoundationEssentials
import OAuth
import OAuthProtocol
import Runtime
import TestKit
import Testing

@Suite struct IDTokenTests {
    @Test func `an ID token says who signed in, when, how and for whom`() async throws {
        try await TestServer.run { server in
            let user = try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let code = try #require(try await flow.authorize(scope: "openid profile email").locationParameter("code"))
            let signedInAt = server.clock.now.numericDate
            server.clock.advance(by: .seconds(30))
            let tokens = try await flow.redeem(code).json
            let access = try tokens.text("access_token")
            let (header, claims) = try await server.verified(try tokens.text("id_token"), type: "JWT", audience: "app")
            #expect(header["alg"] == "RS256")
            #expect(
                claims.memberNames == [
                    "iss", "sub", "aud", "exp", "iat", "nonce", "auth_time", "acr", "amr", "sid", "at_hash",
                ])
            #expect(claims["sub"]?.string == user.id.token)
            #expect(claims["aud"] == "app")
            #expect(claims["nonce"] == "n-0S6")
            #expect(claims["iat"]?.int == signedInAt + 30)
            #expect(claims["exp"]?.int == signedInAt + 30 + 3_600)
            #expect(claims["auth_time"]?.int == signedInAt)
            #expect(claims["amr"]?.strings == ["pwd"])
            #expect(claims["acr"] == "urn:gatehouse:acr:1")
            #expect(try claims["sid"] == TestServer.part(1, of: access)["sid"])
            // OpenID Connect Core §3.1.3.6
            #expect(claims["at_hash"]?.string == Base64URL.encode(SHA256.hash(data: Array(access.utf8)).prefix(16)))
        }
    }

    @Test func `without a nonce in the request there is none in the token`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let tokens = try await TestFlow(server).tokens(scope: "openid", ["nonce": nil])
            #expect(try TestServer.part(1, of: try tokens.text("id_token"))["nonce"] == nil)
        }
    }

    @Test func `without openid there is no ID token`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let tokens = try await TestFlow(server).tokens(scope: "notes:read")
            #expect(tokens["access_token"] != nil)
            #expect(tokens["id_token"] == nil)
        }
    }

    @Test func `a client that registered ES256 is given ES256`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient(metadata: ["id_token_signed_response_alg": "ES256"])
            let tokens = try await TestFlow(server).tokens(scope: "openid")
            let (header, _) = try await server.verified(try tokens.text("id_token"), type: "JWT", audience: "app")
            #expect(header["alg"] == "ES256")
        }
    }

    @Test func `claims asked for in the ID token are there, and no others`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let claims = #"{"id_token":{"name":{"essential":true},"email":null,"password_hash":null,"roles":null,"sub":null}}"#
            let tokens = try await TestFlow(server).tokens(scope: "openid", ["claims": claims])
            let said = try TestServer.part(1, of: try tokens.text("id_token"))
            #expect(said["name"] == "Ada Lovelace")
            #expect(said["email"] == "ada@example.org")
            #expect(said["password_hash"] == nil)
            #expect(said["roles"] == nil)
        }
    }

    @Test func `a later sign-in gives a later auth_time and the same sid`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let first = try TestServer.part(1, of: try #require(try await flow.tokens(scope: "openid")["id_token"]?.string))
            server.clock.advance(by: .seconds(100))
            let silent = try TestServer.part(1, of: try #require(try await flow.tokens(scope: "openid")["id_token"]?.string))
            let again = try TestServer.part(
                1, of: try #require(try await flow.tokens(scope: "openid", ["prompt": "login"])["id_token"]?.string))
            #expect(silent["auth_time"] == first["auth_time"])
            #expect(again["auth_time"]?.int == (first["auth_time"]?.int ?? 0) + 100)
            #expect(silent["sid"] == first["sid"])
            #expect(again["sid"] == first["sid"])
        }
    }
}
