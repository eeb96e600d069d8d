import FoundationEssentials
import GatehouseServer
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Keys
import NIOCore
import OAuth
import OAuthProtocol
import Synchronization
import TestKit
import Testing
import Web

@testable import Gateway

/// A server whose door guards `https://app.example.org`, and the proxies in front of it.
struct DoorExample: Sendable {
    static let origin = "https://app.example.org"
    static let proxy = "192.0.2.1"

    let server: TestServer

    static func run(
        _ rules: [ForwardAuthRule], configure: (inout ForwardAuthSettings) -> Void = { _ in },
        configureServer: (inout Wiring.Parts) -> Void = { _ in },
        _ body: @escaping @Sendable (DoorExample) async throws -> Void
    ) async throws {
        try await TestServer.run(configure: { parts in
            parts.door.rules = rules
            parts.door.proxies = [AddressNetwork(parsing: "192.0.2.0/29")].compactMap(\.self)
            configure(&parts.door)
            configureServer(&parts)
        }) { server in
            try await server.addUser { $0.roles = ["staff"] }
            try await server.addClient { $0.scopes = $0.scopes.union(["introspect"]) }
            try await server.addClient("manager", secret: "manager-secret") {
                $0.scopes = ["keys", "keys:admin", "notes:read", "notes:write"]
            }
            try await body(DoorExample(server: server))
        }
    }

    static func rule(
        _ host: String = "app.example.org", _ path: String = "/*", methods: Set<String> = [], anonymous: Bool = false,
        browsers: Bool = false,
        _ change: (inout ForwardAuthRule.Requirements) -> Void = { _ in }
    ) throws -> ForwardAuthRule {
        var requirements = ForwardAuthRule.Requirements()
        change(&requirements)
        return ForwardAuthRule(
            ForwardAuthPlace(
                host: try #require(ForwardAuthPlace.Host(parsing: host)), path: try #require(ForwardAuthPlace.Path(parsing: path)),
                methods: methods),
            admission: anonymous ? .anonymous : .callers, requirements: requirements, servesBrowsers: browsers)
    }

    /// A rule for tokens and keys of the test resource.
    static func api(_ change: (inout ForwardAuthRule.Requirements) -> Void = { _ in }) throws -> ForwardAuthRule {
        try rule { requirements in
            requirements.audience = "https://api.example"
            change(&requirements)
        }
    }

    // MARK: Asking

    /// A request as the client sent it.
    struct Sent: Sendable {
        var method = "GET"
        var scheme = "https"
        var host = "app.example.org"
        var target = "/"
        var address = "198.51.100.7"
        var headers: HTTPFields = [:]
    }

    static let dialects = ["nginx", "traefik", "caddy", "envoy"]

    /// What a proxy of this dialect makes of it.
    static func check(_ dialect: String, _ sent: Sent) throws -> HTTPRequest {
        var fields = sent.headers
        fields[.xForwardedProto] = sent.scheme
        fields[.xForwardedFor] = sent.address
        var path = "/gateway/check/\(dialect)"
        var method = "GET"
        var authority = "gatehouse.internal"
        switch dialect {
        case "nginx":
            fields[.xOriginalMethod] = sent.method
            fields[.xOriginalURI] = sent.target
            fields[.xForwardedHost] = sent.host
        case "envoy":
            method = sent.method
            path += sent.target
            authority = sent.host
        default:
            fields[.xForwardedMethod] = sent.method
            fields[.xForwardedURI] = sent.target
            fields[.xForwardedHost] = sent.host
        }
        return HTTPRequest(
            method: try #require(HTTPRequest.Method(method)), scheme: "http", authority: authority, path: path, headerFields: fields)
    }

    func ask(_ head: HTTPRequest, from peer: String = proxy, of node: TestServer? = nil) async -> DoorAnswer {
        let node = node ?? server
        return await DoorAnswer(node.wiring.forwardAuth.answer(head, from: peer, now: server.clock.now))
    }

    func ask(_ dialect: String = "caddy", _ sent: Sent = Sent(), bearer: String? = nil, from peer: String = proxy) async throws
        -> DoorAnswer
    {
        var sent = sent
        if let bearer { sent.headers[.authorization] = "Bearer \(bearer)" }
        return await ask(try Self.check(dialect, sent), from: peer)
    }

    func apiKey(_ members: [String: JSONValue] = [:]) async throws -> String {
        var wish: [String: JSONValue] = ["name": "CI", "scope": "notes:read"]
        wish.merge(members) { _, new in new }
        let response = try await server.send(
            .post, "/v1/keys",
            headers: [
                .contentType: "application/json",
                .authorization: BasicCredentials.headerValue(clientID: "manager", clientSecret: "manager-secret"),
            ], body: JSONValue.object(wish).encoded())
        return try response.json.text("key")
    }
}

/// An answer of the door.
struct DoorAnswer: Sendable {
    let status: Int
    let headers: HTTPFields
    let json: JSONValue

    init(_ response: Response) async {
        status = response.status.code
        headers = response.headers
        let body = BodySink()
        try? await response.body.write(body)
        json = (try? JSONValue(parsing: body.bytes.withLock { $0 })) ?? .null
    }

    subscript(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

    var reason: String? { self["X-Gatehouse-Reason"] }
}

private final class BodySink: ResponseBodyWriter, Sendable {
    let bytes = Mutex<[UInt8]>([])

    func write(_ buffer: ByteBuffer) async throws {
        bytes.withLock { $0.append(contentsOf: buffer.readableBytesView) }
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
