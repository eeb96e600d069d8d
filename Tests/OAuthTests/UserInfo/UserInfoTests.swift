import FoundationEssentials
import HTTPTypes
import OAuth
import OAuthProtocol
import Runtime
import TestKit
import Testing

@Suite struct UserInfoTests {
    private static let bareChallenge = #"Bearer realm="gatehouse", DPoP realm="gatehouse", algs="ES256 EdDSA PS256 RS256""#

    private func withToken(
        scope: String = "openid", _ changes: [String: String?] = [:],
        _ body: @escaping @Sendable (TestServer, _ token: String, _ subject: String) async throws -> Void
    ) async throws {
        try await TestServer.run { server in
            let user = try await server.addUser { user in
                user.phoneNumber = "+44 20 7946 0815"
                user.phoneNumberVerified = true
                user.claims["given_name"] = "Ada"
                user.claims["address"] = ["locality": "London", "country": "United Kingdom"]
                user.roles = ["editor"]
            }
            try await server.addClient()
            try await body(
                server, try #require(try await TestFlow(server).tokens(scope: scope, changes)["access_token"]?.string), user.id.token)
        }
    }

    @Test func `the token travels in the header, by GET and POST, or in a form`() async throws {
        try await withToken { server, token, subject in
            let bearer: HTTPFields = [.authorization: "Bearer \(token)"]
            let form: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
            let answers = [
                try await server.get("/oauth2/userinfo", headers: bearer),
                try await server.send(.post, "/oauth2/userinfo", headers: bearer),
                try await server.post("/oauth2/userinfo", [], headers: bearer),
                try await server.post("/oauth2/userinfo", [("access_token", token)], headers: form),
                try await server.get("/oauth2/userinfo", headers: [.authorization: "bearer  \(token)"]),
                try await server.get("/oauth2/userinfo", headers: [.authorization: "BEARER \(token)"]),
            ]
            for (number, answer) in answers.enumerated() {
                #expect(answer.status == .ok, "\(number)")
                #expect(answer.json == ["sub": .string(subject)], "\(number)")
                #expect(answer.headers[.contentType] == "application/json", "\(number)")
                #expect(answer.headers[.cacheControl] == "no-store", "\(number)")
            }
        }
    }

    @Test func `a token in the query is not seen`() async throws {
        try await withToken { server, token, _ in
            for answer in [
                try await server.get("/oauth2/userinfo?access_token=\(token)"),
                try await server.post("/oauth2/userinfo?access_token=\(token)", []),
            ] {
                #expect(answer.status == .unauthorized)
                // RFC 6750 §3.1: nothing was presented, so no error is named.
                #expect(answer.headers[.wwwAuthenticate] == Self.bareChallenge)
            }
        }
    }

    @Test func `two tokens are an invalid request`() async throws {
        try await withToken { server, token, _ in
            let bearer: HTTPFields = [.authorization: "Bearer \(token)"]
            #expect(try await server.post("/oauth2/userinfo", [("access_token", token)], headers: bearer).errorCode == "invalid_request")
            let twice = try await server.post("/oauth2/userinfo", [("access_token", token), ("access_token", token)])
            #expect(twice.errorCode == "invalid_request")
            var headers = bearer
            headers.append(HTTPField(name: .authorization, value: "Bearer \(token)"))
            #expect(try await server.get("/oauth2/userinfo", headers: headers).errorCode == "invalid_request")
        }
    }

    @Test func `nothing, another scheme and a malformed header are refused with a challenge`() async throws {
        try await withToken { server, token, _ in
            for header in [nil, "Basic YXBwOmFwcC1zZWNyZXQ=", "Token \(token)"] as [String?] {
                var headers: HTTPFields = [:]
                if let header { headers[.authorization] = header }
                let answer = try await server.get("/oauth2/userinfo", headers: headers)
                #expect(answer.status == .unauthorized)
                #expect(answer.headers[.wwwAuthenticate] == Self.bareChallenge)
            }
            for header in ["Bearer", "Bearer ", "Bearer a b", "Bearer \(token),x", "Bearer é"] {
                let answer = try await server.get("/oauth2/userinfo", headers: [.authorization: header])
                #expect(answer.status == .badRequest || answer.status == .unauthorized, "\(header)")
                #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Bearer ") == true, "\(header)")
            }
        }
    }

    @Test func `each scope releases its claims, and what is unknown is left out`() async throws {
        let expected: [(String, Set<String>)] = [
            ("openid", ["sub"]), ("openid email", ["sub", "email", "email_verified"]),
            ("openid phone", ["sub", "phone_number", "phone_number_verified"]), ("openid address", ["sub", "address"]),
        ]
        for (scope, names) in expected {
            try await withToken(scope: scope) { server, token, _ in
                let claims = try #require(try await server.userInfo(token).json.object)
                #expect(Set(claims.keys) == names, "\(scope)")
            }
        }
        try await withToken(scope: "openid profile email address phone") { server, token, subject in
            let claims = try await server.userInfo(token).json
            #expect(claims["sub"]?.string == subject)
            #expect(claims["name"] == "Ada Lovelace")
            #expect(claims["given_name"] == "Ada")
            #expect(claims["preferred_username"] == "ada")
            #expect(claims["updated_at"]?.int == server.clock.now.numericDate)
            #expect(claims["email_verified"] == true)
            #expect(claims["phone_number_verified"] == true)
            #expect(claims["address"]?["locality"] == "London")
            for name in ["family_name", "roles", "password_hash", "username"] { #expect(claims[name] == nil, "\(name)") }
        }
    }

    @Test func `claims asked for one by one are given here, and not others`() async throws {
        let claims = #"{"userinfo":{"name":{"essential":true},"phone_number":null,"roles":null,"username":null},"id_token":{"email":null}}"#
        try await withToken(["claims": claims]) { server, token, _ in
            let said = try #require(try await server.userInfo(token).json.object)
            #expect(Set(said.keys) == ["sub", "name", "phone_number"])
        }
    }

    @Test func `without openid, or without a person, there is nothing to say`() async throws {
        try await withToken(scope: "notes:read") { server, token, _ in
            for token in [token, try await server.clientToken()] {
                let answer = try await server.userInfo(token)
                #expect(answer.status == .forbidden)
                #expect(answer.errorCode == "insufficient_scope")
                #expect(answer.headers[.wwwAuthenticate]?.contains("error=\"insufficient_scope\"") == true)
                #expect(answer.headers[.wwwAuthenticate]?.contains("scope=\"openid\"") == true)
            }
        }
    }

    @Test func `a body of another type is refused`() async throws {
        try await withToken { server, token, _ in
            let answer = try await server.send(
                .post, "/oauth2/userinfo", headers: [.contentType: "application/json"], body: Array("{\"access_token\":\"\(token)\"}".utf8))
            #expect(answer.status == .badRequest)
            #expect(answer.errorCode == "invalid_request")
        }
    }

    @Test func `what is said is what holds now`() async throws {
        try await withToken(scope: "openid email") { server, token, _ in
            try await server.database.execute("update users set email = 'countess@example.org', email_verified = false")
            let claims = try await server.userInfo(token).json
            #expect(claims["email"] == "countess@example.org")
            #expect(claims["email_verified"] == false)
            try await server.database.execute("delete from users")
            #expect(try await server.userInfo(token).status == .unauthorized)
        }
    }
}
