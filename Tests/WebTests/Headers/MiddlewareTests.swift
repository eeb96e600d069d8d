import HTTPTypes
import Hummingbird
import HummingbirdTesting
import OAuthProtocol
import Testing

@testable import Web

/// Whole exchanges through a router with our middlewares.
@Suite struct MiddlewareTests {
    struct Defect: Error { let secret = "the private reason" }

    static func application(_ site: Site = Site(issuer: "http://localhost:8080")) throws -> Application<RouterResponder<GatehouseContext>> {
        let pages = try PagesTests.pages()
        let router = Router(context: GatehouseContext.self)
        router.add(middleware: ResponseHeadersMiddleware(site: site))
        router.add(middleware: CrossOriginMiddleware(paths: ["/token"]) { $0 == "https://app.example" })
        router.add(middleware: ErrorMiddleware(.either(pages)))
        pages.assets.addRoutes(to: router)
        router.post("/token") { _, _ in Reply.json(Array("{}".utf8)) }
        router.refuseOtherMethods("/token", than: .post)
        router.get("/page") { _, _ in try pages.render("Home/home", [:]) }
        router.group().add(middleware: ErrorMiddleware(.page(pages))).get("/broken-page") { _, _ -> Response in throw Defect() }
        router.group().add(middleware: ErrorMiddleware(.json))
            .get("/broken") { _, _ -> Response in throw Defect() }
            .get("/busy") { _, _ -> Response in throw OAuthError.temporarilyUnavailable(retryAfter: .milliseconds(1_500)) }
            .get("/token-needed") { _, _ -> Response in throw OAuthError.invalidToken() }
            .post("/form") { request, context in
                _ = try await Form.read(request, context)
                return Reply.json([])
            }
        return Application(responder: router.buildResponder())
    }

    static func execute(
        _ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields = [:], body: String? = nil, site: Site? = nil
    ) async throws -> TestResponse {
        try await application(site ?? Site(issuer: "http://localhost:8080")).test(.router) { client in
            try await client.execute(uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
        }
    }

    @Test(
        "Every answer carries the security headers: success, refusal, defect, page, asset, what isn't found",
        arguments: [
            ("/token", "POST"), ("/token", "GET"), ("/broken", "GET"), ("/page", "GET"), ("/broken-page", "GET"), ("/nowhere", "GET"),
        ])
    func securityHeaders(path: String, method: String) async throws {
        let response = try await Self.execute(HTTPRequest.Method(method) ?? .get, path)
        #expect(response.headers[.xContentTypeOptions] == "nosniff")
        #expect(response.headers[.xFrameOptions] == "DENY")
        #expect(response.headers[.crossOriginResourcePolicy] == "same-origin")
        #expect(response.headers[.permissionsPolicy]?.contains("camera=()") == true)
        #expect(response.headers[values: .contentSecurityPolicy].count == 1)
        #expect(response.headers[.contentSecurityPolicy]?.contains("default-src 'none'") == true)
        #expect(response.headers[.contentSecurityPolicy]?.contains("frame-ancestors 'none'") == true)
        #expect(response.headers[values: .referrerPolicy].count == 1)
        #expect(response.headers[.strictTransportSecurity] == nil)
    }

    @Test("HSTS is sent where the issuer is https")
    func strictTransport() async throws {
        let response = try await Self.execute(.post, "/token", site: Site(issuer: "https://id.example"))
        #expect(response.headers[.strictTransportSecurity] == "max-age=31536000")
    }

    @Test("A defect is 500 server_error, and tells nothing")
    func defect() async throws {
        let response = try await Self.execute(.get, "/broken")
        #expect(response.status == .internalServerError)
        let body = String(buffer: response.body)
        #expect(body.contains("\"error\":\"server_error\""))
        #expect(!body.contains("private") && !body.contains("Defect"))
        let page = try await Self.execute(.get, "/broken-page")
        #expect(page.status == .internalServerError)
        let html = String(buffer: page.body)
        #expect(html.contains("id=\"error-page\"") && html.contains("<code id=\"error-code\">server_error</code>"))
        #expect(!html.contains("private") && !html.contains("Defect"))
    }

    @Test("A busy server says when to come back, rounded up, and is not stored")
    func busy() async throws {
        let response = try await Self.execute(.get, "/busy")
        #expect(response.status == .serviceUnavailable)
        #expect(response.headers[.retryAfter] == "2")
        #expect(response.headers[.cacheControl] == "no-store")
        #expect(response.headers[.pragma] == "no-cache")
        #expect(response.headers[.contentType] == "application/json")
    }

    @Test("A challenge is sent where the error has one")
    func challenge() async throws {
        let response = try await Self.execute(.get, "/token-needed")
        #expect(response.status == .unauthorized)
        #expect(response.headers[.wwwAuthenticate]?.hasPrefix("Bearer ") == true)
    }

    @Test("A form above 64 KiB is 413 with an error in JSON")
    func tooLarge() async throws {
        let response = try await Self.execute(
            .post, "/form", [.contentType: FormTests.type], body: "a=" + String(repeating: "x", count: 65_536))
        #expect(response.status == .contentTooLarge)
        #expect(String(buffer: response.body).contains("payload_too_large"))
    }

    @Test("What isn't found is a page for who reads HTML, JSON for everyone else")
    func notFound() async throws {
        let json = try await Self.execute(.get, "/nowhere")
        #expect(json.status == .notFound)
        #expect(String(buffer: json.body).contains("not_found"))
        let page = try await Self.execute(.get, "/nowhere", [.accept: "text/html,*/*"])
        #expect(page.status == .notFound)
        #expect(String(buffer: page.body).contains("id=\"error-page\""))
    }

    @Test("Another method is 405 and told which ones are served")
    func methods() async throws {
        let response = try await Self.execute(.get, "/token")
        #expect(response.status == .methodNotAllowed)
        #expect(response.headers[.allow] == "POST")
    }

    @Test("A registered origin passes the preflight; credentials are never allowed")
    func preflight() async throws {
        let response = try await Self.execute(.options, "/token", [.origin: "https://app.example", .accessControlRequestMethod: "POST"])
        #expect(response.status == .noContent)
        #expect(response.headers[.accessControlAllowOrigin] == "https://app.example")
        #expect(response.headers[.accessControlAllowHeaders]?.contains("Authorization") == true)
        #expect(response.headers[.accessControlAllowCredentials] == nil)
        #expect(response.headers[.vary] == "Origin")
    }

    @Test("An answer to a registered origin may be read, the challenge included; others get none of it")
    func crossOrigin() async throws {
        let answer = try await Self.execute(.post, "/token", [.origin: "https://app.example"])
        #expect(answer.headers[.accessControlAllowOrigin] == "https://app.example")
        #expect(answer.headers[.accessControlExposeHeaders]?.contains("WWW-Authenticate") == true)
        for origin in ["https://evil.example", "null", "https://app.example.evil.example"] {
            let refused = try await Self.execute(.options, "/token", [.origin: origin, .accessControlRequestMethod: "POST"])
            #expect(refused.headers[.accessControlAllowOrigin] == nil)
            let answer = try await Self.execute(.post, "/token", [.origin: origin])
            #expect(answer.headers[.accessControlAllowOrigin] == nil)
            #expect(answer.headers[.vary] == "Origin")
        }
        let page = try await Self.execute(.get, "/page", [.origin: "https://app.example"])
        #expect(page.headers[.accessControlAllowOrigin] == nil)
    }

    @Test("Assets are served under the hash of their content, for good")
    func assets() async throws {
        let path = try #require(try PagesTests.pages().assets.path("gatehouse.css"))
        let isHashed = path.wholeMatch(of: /\/assets\/[0-9a-f]{16}\/gatehouse\.css/) != nil
        #expect(isHashed)
        let response = try await Self.execute(.get, path)
        #expect(response.status == .ok)
        #expect(response.headers[.contentType] == "text/css; charset=utf-8")
        #expect(response.headers[.cacheControl] == "public, max-age=31536000, immutable")
        let other = try await Self.execute(.get, "/assets/0000000000000000/gatehouse.css")
        #expect(other.status == .notFound)
    }
}
