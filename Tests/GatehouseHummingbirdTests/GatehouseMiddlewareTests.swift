import FoundationEssentials
import GatehouseClient
import GatehouseHummingbird
import GatehouseServer
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import OAuthProtocol
import TestKit
import Testing

/// A small service behind the middleware, and the real server behind a socket.
@Suite struct GatehouseMiddlewareTests {
    private static let origin = "https://notes.example"
    private static let uri = "/notes?tag=a"

    private struct Service: Sendable {
        let server: TestServer
        let gatehouse: GatehouseClient
        let key: GatehouseSigningKey
        let http: any TestClientProtocol

        func send(
            _ uri: String = uri, _ method: HTTPRequest.Method = .get, bearer: String? = nil, headers: HTTPFields = [:], body: String? = nil
        ) async throws -> TestResponse {
            var headers = headers
            if let bearer { headers[.authorization] = "Bearer \(bearer)" }
            return try await http.execute(uri: uri, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
        }

        /// The fields that sign a request to the service.
        func signed(_ method: String = "GET", origin: String = origin, uri: String = uri, body: String? = nil) throws -> HTTPFields {
            var headers: HTTPFields = [:]
            let message = GatehouseMessage.request(method: method, uri: origin + uri, body: body.map { Array($0.utf8) })
            for field in try gatehouse.sign(message, with: key) {
                if let name = HTTPField.Name(field.name) { headers.append(HTTPField(name: name, value: field.value)) }
            }
            return headers
        }
    }

    /// - Parameter make: the middleware; everything that it needs is handed to it.
    private func run(
        _ make: @escaping @Sendable (GatehouseClient, GatehouseSignatures) -> GatehouseMiddleware<GatehouseBasicRequestContext> = {
            GatehouseMiddleware($0, requiring: "notes:read", signatures: $1, bodyBytesMax: 1_000)
        },
        _ body: @escaping @Sendable (Service) async throws -> Void
    ) async throws {
        try await TestServer.run { server in
            try await server.addClient()
            try await server.addClient("notes", secret: "notes-secret") { $0.scopes = ["introspect", "keys", "notes:read"] }
            let live = Application(responder: Responses(server.wiring), logger: server.wiring.parts.logger)
            try await live.test(.live) { socket in
                var options = GatehouseOptions()
                options.address = "http://localhost:\(socket.port ?? 0)"
                options.now = { server.clock.now }
                let gatehouse = try GatehouseClient(
                    issuer: TestServer.issuer, audience: "https://api.example",
                    credentials: .clientSecret(id: "notes", secret: "notes-secret"), options: options)
                let key = try GatehouseSigningKey.hmac(id: "cron", secret: [UInt8](repeating: 7, count: 32))
                let signatures = GatehouseSignatures.keys(origin: Self.origin) { id in
                    id == key.id ? [GatehouseTrustedKey(key.verificationKey, subject: "cron", scopes: ["notes:read"])] : []
                }
                let router = Self.router(make(gatehouse, signatures))
                let application = Application(router: router, logger: server.wiring.parts.logger)
                try await application.test(.router) { http in
                    try await body(Service(server: server, gatehouse: gatehouse, key: key, http: http))
                }
            }
        }
    }

    private static func router(
        _ middleware: GatehouseMiddleware<GatehouseBasicRequestContext>
    ) -> Router<GatehouseBasicRequestContext> {
        let router = Router(context: GatehouseBasicRequestContext.self)
        router.add(middleware: middleware)
        router.get("notes") { _, context in context.caller.map { "\($0.subject) by \($0.proof.rawValue)" } ?? "nobody" }
        router.get("mine") { _, context in try context.requireCaller().subject }
        router.group().add(middleware: RequireScope("notes:write")).post("notes") { request, context in
            "\(try context.requireCaller().subject): \(String(buffer: try await request.body.collect(upTo: 100)))"
        }
        return router
    }

    private func key(_ server: TestServer, _ scope: String = "notes:read") async throws -> (id: String, text: String) {
        let response = try await server.send(
            .post, "/v1/keys",
            headers: [
                .contentType: "application/json",
                .authorization: BasicCredentials.headerValue(clientID: "notes", clientSecret: "notes-secret"),
            ], body: JSONValue.object(["name": "CI", "scope": .string(scope)]).encoded())
        return (try response.json.text("key_id"), try response.json.text("key"))
    }

    // MARK: Good callers

    @Test func `a token, a key and a signature all say who calls`() async throws {
        try await run { service in
            let token = try await service.server.clientToken(scope: "notes:read")
            #expect(try await service.send(bearer: token).text == "app by access_token")
            #expect(try await service.send(bearer: try await key(service.server).text).text == "notes by api_key")
            #expect(try await service.send(headers: service.signed()).text == "cron by signature")
        }
    }

    @Test func `a signed body reaches the handler`() async throws {
        try await run({ gatehouse, _ in
            GatehouseMiddleware(
                gatehouse,
                signatures: .keys(origin: Self.origin) { _ in
                    [
                        GatehouseTrustedKey(
                            try .hmac(secret: [UInt8](repeating: 7, count: 32)), subject: "cron", scopes: ["notes:write"])
                    ]
                })
        }) { service in
            let headers = try service.signed("POST", uri: "/notes", body: "hello")
            #expect(try await service.send("/notes", .post, headers: headers, body: "hello").text == "cron: hello")
        }
    }

    // MARK: Refusals

    @Test func `without a proof the challenge says what is expected, and no more`() async throws {
        try await run { service in
            let answer = try await service.send()
            #expect(answer.status == .unauthorized)
            #expect(answer.headers[.wwwAuthenticate] == #"Bearer realm="gatehouse", scope="notes:read""#)
            #expect(answer.headers[.contentType] == "application/json")
            #expect(answer.headers[.cacheControl] == "no-store")
            #expect(answer.json["error"]?.string == "invalid_token")
            let basic = try await service.send(headers: [.authorization: "Basic bm90ZXM6bm90ZXMtc2VjcmV0"])
            #expect(basic.status == .unauthorized)
        }
    }

    @Test func `a bad proof gets one answer, whatever is wrong with it`() async throws {
        try await run { service in
            let server = service.server
            let revoked = try await key(server)
            let authorization = BasicCredentials.headerValue(clientID: "notes", clientSecret: "notes-secret")
            _ = try await server.send(.delete, "/v1/keys/\(revoked.id)", headers: [.authorization: authorization])
            let token = try await server.clientToken(scope: "notes:read")
            let old = try service.signed()
            server.clock.advance(by: .seconds(3_610))
            let used = try service.signed()
            #expect(try await service.send(headers: used).status == .ok)
            var answers: [TestResponse] = []
            for bearer in [revoked.text, revoked.text + "x", "a.b.c", "x", token] { answers.append(try await service.send(bearer: bearer)) }
            answers.append(try await service.send(headers: old))
            answers.append(try await service.send(headers: used))
            answers.append(try await service.send("/notes?tag=b", headers: service.signed()))
            answers.append(try await service.send(headers: service.signed(origin: "https://other.example")))
            answers.append(
                try await service.send(.init("/notes"), .post, headers: service.signed("POST", uri: "/notes", body: "a"), body: "b"))
            for (index, answer) in answers.enumerated() {
                #expect(answer.status == .unauthorized, "\(index)")
                #expect(answer.text == #"{"error":"invalid_token","error_description":"The credential is not valid."}"#, "\(index)")
                #expect(answer.headers[.wwwAuthenticate]?.contains(#"error="invalid_token""#) == true, "\(index)")
            }
        }
    }

    @Test func `a caller without the scope is refused by name of the scope`() async throws {
        try await run { service in
            let token = try await service.server.clientToken(scope: "notes:write")
            let answer = try await service.send(bearer: token)
            #expect(answer.status == .forbidden)
            #expect(answer.json["error"]?.string == "insufficient_scope")
            #expect(answer.headers[.wwwAuthenticate]?.contains(#"error="insufficient_scope""#) == true)
            #expect(answer.headers[.wwwAuthenticate]?.hasSuffix(#"scope="notes:read""#) == true)
            let reader = try await service.server.clientToken(scope: "notes:read")
            let write = try await service.send("/notes", .post, bearer: reader, body: "x")
            #expect(write.status == .forbidden)
            #expect(write.headers[.wwwAuthenticate]?.hasSuffix(#"scope="notes:write""#) == true)
            let both = try await service.server.clientToken(scope: "notes:read notes:write")
            #expect(try await service.send("/notes", .post, bearer: both, body: "x").text == "app: x")
        }
    }

    @Test func `two Authorization headers are one too many`() async throws {
        try await run { service in
            let token = try await service.server.clientToken(scope: "notes:read")
            var headers: HTTPFields = [:]
            headers.append(HTTPField(name: .authorization, value: "Bearer \(token)"))
            headers.append(HTTPField(name: .authorization, value: "Bearer \(token)"))
            let answer = try await service.send(headers: headers)
            #expect(answer.status == .badRequest)
            #expect(answer.json["error"]?.string == "invalid_request")
        }
    }

    @Test func `a token and a signature are one too many`() async throws {
        try await run { service in
            let headers = try service.signed()
            let token = try await service.server.clientToken(scope: "notes:read")
            #expect(try await service.send(bearer: token, headers: headers).status == .badRequest)
            #expect(try await service.send(bearer: "a.b.c", headers: headers).status == .badRequest)
        }
    }

    @Test func `a signed body that is too large is not read on`() async throws {
        try await run { service in
            let large = String(repeating: "x", count: 1_001)
            // The route itself would not look at it.
            let answer = try await service.send(headers: service.signed(body: large), body: large)
            #expect(answer.status == .contentTooLarge)
        }
    }

    @Test func `signatures prove nothing where the service doesn't take them`() async throws {
        try await run({ gatehouse, _ in GatehouseMiddleware(gatehouse) }) { service in
            let headers = try service.signed()
            #expect(try await service.send(headers: headers).status == .unauthorized)
        }
    }

    @Test func `anonymous callers pass where they may, and a bad proof does not`() async throws {
        try await run({ gatehouse, signatures in GatehouseMiddleware(gatehouse, signatures: signatures, letsAnonymousThrough: true) }) {
            service in
            let nobody = try await service.send()
            #expect(nobody.text == "nobody")
            #expect(try await service.send(bearer: "a.b.c").status == .unauthorized)
            // A handler that needs somebody says so, and so does a route that needs a scope.
            #expect(try await service.send("/mine").status == .unauthorized)
            #expect(try await service.send("/mine").headers[.wwwAuthenticate] == #"Bearer realm="gatehouse""#)
            #expect(try await service.send("/notes", .post, body: "x").status == .unauthorized)
        }
    }

    @Test func `a revoked token is refused within seconds where the service asks`() async throws {
        try await run({ gatehouse, _ in GatehouseMiddleware(gatehouse, introspects: true) }) { service in
            let token = try await service.server.clientToken(scope: "notes:read")
            #expect(try await service.send(bearer: token).status == .ok)
            try await service.server.revoke(token)
            service.server.clock.advance(by: .seconds(5))
            #expect(try await service.send(bearer: token).status == .unauthorized)
        }
    }

    @Test func `a service that can't ask says so, and lets nobody in`() async throws {
        let gatehouse = try GatehouseClient(
            issuer: "http://127.0.0.1:1", audience: "https://api.example", credentials: .clientSecret(id: "notes", secret: "x"),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let mute = try GatehouseClient(
            issuer: "http://127.0.0.1:1", audience: "https://api.example", logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        var seed: UInt8 = 0
        let key = APIKeyText(kind: .live) {
            seed &+= 7
            return seed
        }
        for (client, status, code) in [(gatehouse, 503, "temporarily_unavailable"), (mute, 500, "server_error")] {
            try await Application(router: Self.router(GatehouseMiddleware(client, letsAnonymousThrough: true))).test(.router) { http in
                let answer = try await http.execute(uri: "/notes", method: .get, headers: [.authorization: "Bearer \(key.text)"])
                #expect(answer.status.code == status)
                #expect(answer.json["error"]?.string == code)
                #expect(answer.headers[.retryAfter] == (status == 503 ? "5" : nil))
            }
        }
    }

    @Test func `a key that has used up its allowance gets a 429`() async throws {
        try await run { service in
            let response = try await service.server.send(
                .post, "/v1/keys",
                headers: [
                    .contentType: "application/json",
                    .authorization: BasicCredentials.headerValue(clientID: "notes", clientSecret: "notes-secret"),
                ],
                body: JSONValue.object([
                    "name": "CI", "scope": "notes:read", "rate_limit": ["burst": 1, "per_minute": 1],
                ]).encoded())
            let text = try response.json.text("key")
            #expect(try await service.send(bearer: text).status == .ok)
            service.server.clock.advance(by: .seconds(5))
            let answer = try await service.send(bearer: text)
            #expect(answer.status == .tooManyRequests)
            #expect(answer.headers[.retryAfter] == "55")
        }
    }
}
