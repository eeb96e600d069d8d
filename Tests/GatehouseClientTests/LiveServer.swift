import FoundationEssentials
import GatehouseClient
import GatehouseServer
import Hummingbird
import HummingbirdTesting
import Logging
import OAuth
import OAuthProtocol
import TestKit

/// The real server behind a real socket, and clients of it that share nothing with it but the clock.
struct LiveServer: Sendable {
    static let audience = "https://api.example"

    let server: TestServer
    let address: String

    var clock: ManualClock { server.clock }

    static func run(
        configure: (inout Wiring.Parts) -> Void = { _ in }, _ body: @escaping @Sendable (LiveServer) async throws -> Void
    ) async throws {
        try await TestServer.run(configure: configure) { server in
            try await server.addClient()
            try await server.addClient("notes", secret: "notes-secret") { $0.scopes = ["introspect", "keys", "notes:read"] }
            let application = Application(responder: Responses(server.wiring), logger: server.wiring.parts.logger)
            try await application.test(.live) { client in
                try await body(LiveServer(server: server, address: "http://localhost:\(client.port ?? 0)"))
            }
        }
    }

    /// A service's client.
    func client(
        _ credentials: GatehouseCredentials = .clientSecret(id: "notes", secret: "notes-secret"), audience: String = audience,
        proofKey: GatehouseProofKey? = nil, change: (inout GatehouseOptions) -> Void = { _ in }
    ) throws -> GatehouseClient {
        var options = GatehouseOptions()
        options.address = address
        options.now = { [clock] in clock.now }
        change(&options)
        return try GatehouseClient(
            issuer: TestServer.issuer, audience: audience, credentials: credentials, proofKey: proofKey, options: options,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// A key of the service's client.
    func issueKey(_ members: [String: JSONValue] = [:]) async throws -> (id: String, key: String) {
        var wish: [String: JSONValue] = ["name": "CI", "scope": "notes:read"]
        wish.merge(members) { _, new in new }
        let response = try await server.send(
            .post, "/v1/keys", headers: [.contentType: "application/json", .authorization: Self.basic],
            body: JSONValue.object(wish).encoded())
        return (try response.json.text("key_id"), try response.json.text("key"))
    }

    /// Why the server refused proofs since this was last asked.
    var refusals: [String] {
        server.wiring.tally.take().filter { $0.kind.name == "dpop.refused" }.compactMap { $0.detail["reason"] }.sorted()
    }

    func revokeKey(_ id: String) async throws {
        _ = try await server.send(.delete, "/v1/keys/\(id)", headers: [.authorization: Self.basic])
    }

    private static let basic = BasicCredentials.headerValue(clientID: "notes", clientSecret: "notes-secret")
}
