import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import OAuthProtocol
import TestKit
import Testing

@testable import GatehouseServer

@Suite struct HostTests {
    private static let discovery = "/.well-known/openid-configuration"
    private static let other = "https://login.example.org"

    private func run(_ body: @escaping @Sendable (TestServer) async throws -> Void) async throws {
        try await TestServer.run(
            configure: { parts in
                parts.otherIssuers = [Self.other]
                parts.backChannelURLs = ["http://gatehouse:8080"]
            }, body)
    }

    private func token(_ server: TestServer, host: String) async throws -> JSONValue {
        let answer = try await server.send(
            .post, "/oauth2/token", host: host,
            headers: [
                .contentType: "application/x-www-form-urlencoded",
                .authorization: BasicCredentials.headerValue(clientID: "app", clientSecret: "app-secret"),
            ], body: Array("grant_type=client_credentials".utf8))
        #expect(answer.status == .ok)
        return answer.json
    }

    @Test func `discovery and tokens are those of the host that was asked`() async throws {
        try await run { server in
            try await server.addClient()
            for (host, issuer) in [
                ("localhost:8080", TestServer.issuer), ("login.example.org", Self.other), ("login.example.org:443", Self.other),
                ("LOGIN.example.org", Self.other),
            ] {
                let document = try await server.send(.get, Self.discovery, host: host).json
                #expect(document["issuer"]?.string == issuer, "\(host)")
                for name in document.memberNames where name.hasSuffix("_endpoint") || name == "jwks_uri" {
                    #expect(document[name]?.string?.hasPrefix(issuer + "/") == true, "\(host) \(name)")
                }
                let claims = try TestServer.part(1, of: try await token(server, host: host).text("access_token"))
                #expect(claims["iss"]?.string == issuer, "\(host)")
            }
        }
    }

    @Test func `a host that is none of ours is refused everywhere, and is nowhere in the answer`() async throws {
        try await run { server in
            try await server.addClient()
            for host in ["evil.example", "login.example.org.evil.example", "login.example.org:8443", "gatehouse", "", "localhost"] {
                for path in ["/", "/sign-in", "/oauth2/jwks", Self.discovery, "/oauth2/authorize?client_id=app", "/assets/x"] {
                    let answer = try await server.send(.get, path, host: host)
                    #expect(answer.status.code == 421, "\(host) \(path)")
                    #expect(answer.errorCode == "misdirected_request")
                    #expect(!answer.text.contains("evil"))
                }
                // Whoever starts and watches the server knows it by any name.
                #expect(try await server.send(.get, "/health/ready", host: host).status == .ok)
            }
        }
    }

    @Test func `a token of one address is nothing at another`() async throws {
        try await run { server in
            try await server.addClient()
            let token = try await token(server, host: "login.example.org").text("access_token")
            func ask(_ path: String, host: String) async throws -> TestResponse {
                try await server.send(
                    .post, path, host: host,
                    headers: [
                        .contentType: "application/x-www-form-urlencoded",
                        .authorization: BasicCredentials.headerValue(clientID: "app", clientSecret: "app-secret"),
                    ], body: Array("token=\(token)".utf8))
            }
            func isActive(host: String) async throws -> Bool? { try await ask("/oauth2/introspect", host: host).json["active"]?.bool }
            #expect(try await isActive(host: "login.example.org") == true)
            #expect(try await isActive(host: "localhost:8080") == false)
            server.wiring.forgetVerified()
            #expect(try await isActive(host: "login.example.org") == true)
            // The list of what is revoked is one.
            #expect(try await ask("/oauth2/revoke", host: "login.example.org").status == .ok)
            #expect(try await isActive(host: "login.example.org") == false)
        }
    }

    @Test func `cookies, links and HSTS are those of the host that was asked`() async throws {
        try await run { server in
            try await server.addClient()
            let query = String(TestFlow(server).authorizeURI().drop { $0 != "?" })
            let secure = try await server.send(.get, "/oauth2/authorize" + query, host: "login.example.org")
            #expect(secure.headers[values: .setCookie].allSatisfy { $0.hasPrefix("__Host-") && $0.contains("; Secure") })
            #expect(!secure.headers[values: .setCookie].isEmpty)
            #expect(secure.headers[.strictTransportSecurity] != nil)
            let plain = try await server.send(.get, "/oauth2/authorize" + query, host: "localhost:8080")
            #expect(plain.headers[values: .setCookie].allSatisfy { !$0.hasPrefix("__Host-") })
            #expect(plain.headers[.strictTransportSecurity] == nil)
            let refused = try await server.send(.get, "/oauth2/authorize" + query + "&prompt=none", host: "login.example.org")
            #expect(refused.locationParameter("iss") == Self.other)
        }
    }

    @Test func `machines that come by the back channel are told to stay there, browsers are not sent there`() async throws {
        try await run { server in
            try await server.addClient()
            let document = try await server.send(.get, Self.discovery, host: "gatehouse:8080").json
            #expect(document["issuer"]?.string == TestServer.issuer)
            for name in ["token_endpoint", "userinfo_endpoint", "jwks_uri", "introspection_endpoint", "revocation_endpoint"] {
                #expect(document[name]?.string?.hasPrefix("http://gatehouse:8080/") == true, "\(name)")
            }
            for name in ["authorization_endpoint", "end_session_endpoint"] {
                #expect(document[name]?.string?.hasPrefix(TestServer.issuer + "/") == true, "\(name)")
            }
            let token = try await token(server, host: "gatehouse:8080").text("access_token")
            #expect(try TestServer.part(1, of: token)["iss"]?.string == TestServer.issuer)
            #expect(try await server.isActive(token) == true)
        }
    }

    @Test func `with one address nobody's Host matters`() async throws {
        try await TestServer.run { server in
            let answer = try await server.send(.get, Self.discovery, host: "anything.example")
            #expect(answer.json["issuer"]?.string == TestServer.issuer)
        }
    }
}
