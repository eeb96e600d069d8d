import HTTPTypes
import HummingbirdTesting
import OAuth
import OAuthProtocol
import TestKit
import Testing

@testable import GatehouseServer

@Suite struct RoutesTests {
    /// Paths and the methods that they serve.
    private static let served: [(String, Set<String>)] = [
        ("/oauth2/token", ["POST"]), ("/oauth2/introspect", ["POST"]), ("/oauth2/revoke", ["POST"]), ("/oauth2/register", ["POST"]),
        ("/oauth2/userinfo", ["GET", "HEAD", "POST"]), ("/oauth2/jwks", ["GET", "HEAD"]), ("/oauth2/authorize", ["GET", "HEAD", "POST"]),
        ("/oauth2/logout", ["GET", "HEAD", "POST"]), ("/.well-known/openid-configuration", ["GET", "HEAD"]),
        ("/.well-known/oauth-authorization-server", ["GET", "HEAD"]), ("/sign-in", ["GET", "HEAD", "POST"]),
        ("/sign-out", ["GET", "HEAD", "POST"]), ("/", ["GET", "HEAD"]),
        ("/account", ["GET", "HEAD"]), ("/account/confirm", ["POST"]), ("/account/unlink", ["POST"]), ("/account/sessions/end", ["POST"]),
        ("/oauth2/register/x", ["GET", "HEAD", "PUT", "DELETE"]),
    ]

    @Test func `methods that a path doesn't serve are 405, with those that it does`() async throws {
        try await TestServer.run { server in
            for (path, methods) in Self.served {
                for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] where !methods.contains(method) {
                    let answer = try await server.send(try #require(HTTPRequest.Method(method)), path)
                    #expect(answer.status == .methodNotAllowed, "\(method) \(path)")
                    let allow = (answer.headers[.allow] ?? "").split(separator: ",").map { String($0.drop { $0 == " " }) }
                    #expect(Set(allow) == methods, "\(method) \(path)")
                    if method != "HEAD" { #expect(answer.errorCode == "method_not_allowed", "\(method) \(path)") }
                }
                for method in methods {
                    let answer = try await server.send(try #require(HTTPRequest.Method(method)), path)
                    #expect(answer.status != .methodNotAllowed, "\(method) \(path)")
                    #expect(answer.status.code < 500, "\(method) \(path)")
                }
            }
        }
    }

    @Test func `HEAD is GET without the body`() async throws {
        try await TestServer.run { server in
            for path in ["/oauth2/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
                let get = try await server.get(path)
                let head = try await server.send(.head, path)
                #expect(head.status == .ok)
                #expect(head.text.isEmpty)
                for name in [HTTPField.Name.contentType, .cacheControl, .eTag, .contentSecurityPolicy, .xContentTypeOptions] {
                    #expect(head.headers[name] == get.headers[name], "\(path) \(name)")
                }
            }
        }
    }

    @Test func `what isn't there is 404, with the headers of everything else`() async throws {
        try await TestServer.run { server in
            for path in [
                "/nothing", "/oauth2", "/oauth2/token/x", "/oauth2/TOKEN", "/.well-known/other", "/oauth2/token%00", "/%FF", "/..%2f",
            ] {
                let answer = try await server.get(path)
                #expect(answer.status == .notFound, "\(path)")
                #expect(answer.headers[.xContentTypeOptions] == "nosniff", "\(path)")
                #expect(answer.headers[.cacheControl] == "no-store", "\(path)")
            }
            let page = try await server.get("/nothing", headers: [.accept: "text/html"])
            #expect(page.status == .notFound)
            #expect(page.text.contains("id=\"error-page\""))
        }
    }

    @Test func `every answer of a machine endpoint carries the security headers, and no-store where tokens pass`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let answers = [
                try await server.token([("grant_type", "client_credentials")]), try await server.token([]),
                try await server.token([("grant_type", "client_credentials")], basic: nil), try await server.introspect("x"),
                try await server.introspect("x", basic: nil), try await server.revoke("x"), try await server.userInfo("x"),
                try await server.get("/oauth2/userinfo"), try await server.get("/oauth2/token"),
                try await server.post("/oauth2/register", []),
            ]
            for (number, answer) in answers.enumerated() {
                #expect(answer.headers[.cacheControl] == "no-store", "\(number)")
                #expect(answer.headers[.contentSecurityPolicy] == "default-src 'none'; frame-ancestors 'none'", "\(number)")
                #expect(answer.headers[.xContentTypeOptions] == "nosniff", "\(number)")
                #expect(answer.headers[values: .setCookie].isEmpty, "\(number)")
            }
        }
    }

    @Test func `a preflight of any registered origin passes, and of others not`() async throws {
        try await TestServer.run { server in
            try await server.addClient { $0.allowedOrigins = ["https://spa.example"] }
            try await server.addClient("gone", secret: "s") {
                $0.allowedOrigins = ["https://gone.example"]
                $0.disabledAt = server.clock.now
            }
            func preflight(_ path: String, _ origin: String) async throws -> TestResponse {
                try await server.send(
                    .options, path,
                    headers: [.origin: origin, .accessControlRequestMethod: "POST", .accessControlRequestHeaders: "authorization"]
                )
            }
            for path in ["/oauth2/token", "/oauth2/userinfo", "/oauth2/revoke", "/oauth2/jwks", "/.well-known/openid-configuration"] {
                for origin in ["https://app.example", "https://spa.example"] {
                    let answer = try await preflight(path, origin)
                    #expect(answer.status == .noContent, "\(path)")
                    #expect(answer.headers[.accessControlAllowOrigin] == origin, "\(path)")
                    #expect(answer.headers[.accessControlAllowMethods]?.contains("POST") == true, "\(path)")
                    #expect(answer.headers[.accessControlAllowHeaders]?.contains("Authorization") == true, "\(path)")
                    #expect(answer.headers[.accessControlAllowCredentials] == nil, "\(path)")
                    #expect(answer.headers[.vary]?.contains("Origin") == true, "\(path)")
                }
                for origin in [
                    "https://evil.example", "https://gone.example", "null", "https://app.example.evil.example", "http://app.example",
                ] {
                    let answer = try await preflight(path, origin)
                    #expect(answer.headers[.accessControlAllowOrigin] == nil, "\(path) \(origin)")
                }
            }
            // Introspection is for services, authorization for navigation.
            for path in ["/oauth2/introspect", "/oauth2/authorize", "/sign-in"] {
                #expect(try await preflight(path, "https://app.example").headers[.accessControlAllowOrigin] == nil, "\(path)")
            }
        }
    }

    @Test func `answers and refusals may be read by registered origins`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            for (origin, expected) in [("https://app.example", "https://app.example"), ("https://evil.example", nil)] {
                let headers: HTTPFields = [.origin: origin]
                let answers = [
                    try await server.post(
                        "/oauth2/token", [("grant_type", "client_credentials")], basic: ("app", "app-secret"), headers: headers),
                    try await server.post("/oauth2/token", [], headers: headers),
                    try await server.get("/oauth2/userinfo", headers: headers),
                    try await server.get("/oauth2/jwks", headers: headers), try await server.get("/oauth2/token", headers: headers),
                ]
                for answer in answers {
                    #expect(answer.headers[.accessControlAllowOrigin] == expected)
                    #expect(answer.headers[.vary]?.contains("Origin") == true)
                    #expect(answer.headers[.accessControlAllowCredentials] == nil)
                }
            }
        }
    }

    @Test func `every endpoint that discovery names has a route`() async throws {
        try await TestServer.run(configure: { $0.oauth.registration = .open }) { server in
            let document = try await server.get("/.well-known/openid-configuration").json
            let addresses = try #require(document.object).filter { $0.key.hasSuffix("_endpoint") || $0.key == "jwks_uri" }
            #expect(addresses.count == 8)
            for (name, value) in addresses {
                let address = try #require(value.string)
                let statuses = [try await server.get(address).status, try await server.post(address, []).status]
                #expect(!statuses.contains(.notFound), "\(name)")
                #expect(statuses.contains { $0 != .methodNotAllowed }, "\(name)")
            }
        }
    }
}
