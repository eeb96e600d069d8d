import Accounts
import FoundationEssentials
import GatehouseServer
import Guard
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Keys
import Logging
import NIOCore
import OAuth
import OAuthProtocol
import Postgres
import Runtime
import Web

/// The whole server on a database of its own, with a clock that stands still: requests pass the real router, without a socket.
package struct TestServer: Sendable {
    package static let issuer = "http://localhost:8080"

    package let wiring: Wiring
    package let clock: ManualClock
    /// For a second server on the same database.
    package let connectionString: String
    let client: any TestClientProtocol
    package let responses: Responses

    package var database: Database { wiring.database }

    /// - Parameter configure: changes what differs from the defaults before anything is built.
    package static func run<T: Sendable>(
        configure: (inout Wiring.Parts) -> Void = { _ in }, _ body: @escaping @Sendable (TestServer) async throws -> T
    ) async throws -> T {
        try await TestTurns.shared.take {
            let (database, connectionString) = try await TestDatabase.make()
            do {
                let value = try await run(on: database, connectionString, clock: ManualClock(), configure: configure, body)
                await database.close()
                return value
            } catch {
                await database.close()
                throw error
            }
        }
    }

    /// A second node: the same database, master keys and clock, but memory of its own.
    package func withSecondNode<T: Sendable>(_ body: @escaping @Sendable (TestServer) async throws -> T) async throws -> T {
        var settings = PostgresSettings(connectionString: connectionString)
        settings.connectionsMax = 8
        let database = try Database(settings: settings, logger: wiring.parts.logger)
        database.start()
        let parts = wiring.parts
        do {
            let value = try await Self.run(on: database, connectionString, clock: clock, configure: { $0 = parts }, body)
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }

    private static func run<T: Sendable>(
        on database: Database, _ connectionString: String, clock: ManualClock, configure: (inout Wiring.Parts) -> Void,
        _ body: @escaping @Sendable (TestServer) async throws -> T
    ) async throws -> T {
        var parts = Wiring.Parts(
            site: Site(issuer: issuer), masterKeys: MasterKeys.generate(randomness: SystemRandomness()),
            templates: Checkout.path("Templates"), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        parts.clock = clock
        if let cheap = PasswordCost(memoryKiB: 64, passes: 1, parallelism: 1) { parts.passwordCost = cheap }
        parts.limits = .generous
        parts.migrations = try Migration.load(directory: Checkout.path("Migrations"))
        parts.healthFreshFor = .zero
        parts.oauth.resources = [
            Resource(
                identifier: "https://api.example", name: "Notes",
                scopes: [
                    .init(name: "notes:read", title: "Read your notes", description: ""),
                    .init(name: "notes:write", title: "Change your notes", description: ""),
                ])
        ]
        configure(&parts)
        let wiring = try Wiring(parts, database: database)
        try await wiring.load(now: clock.now)
        let hosts = HostResponses(wiring)
        let responses = hosts.main
        let application = Application(responder: TestPeerResponder(inner: hosts), logger: parts.logger)
        return try await application.test(.router) { client in
            try await body(
                TestServer(wiring: wiring, clock: clock, connectionString: connectionString, client: client, responses: responses))
        }
    }

    // MARK: Requests

    /// One exchange. `uri` is a path, or an address below the issuer.
    /// - Parameter certificates: what the sender proves to hold the key of.
    package func send(
        _ method: HTTPRequest.Method, _ uri: String, headers: HTTPFields = [:], body: [UInt8]? = nil, certificates: [[UInt8]] = []
    ) async throws -> TestResponse {
        var headers = headers
        TestPeerResponder<Responses>.add(certificates, to: &headers)
        let path = uri.hasPrefix(Self.issuer) ? String(uri.dropFirst(Self.issuer.count)) : uri
        return try await client.execute(uri: path, method: method, headers: headers, body: body.map { ByteBuffer(bytes: $0) })
    }

    /// One exchange under a host that the request names.
    package func send(
        _ method: HTTPRequest.Method, _ uri: String, host: String, headers: HTTPFields = [:], body: [UInt8]? = nil
    ) async throws -> TestResponse {
        var headers = headers
        TestPeerResponder<Responses>.add(host: host, to: &headers)
        return try await client.execute(uri: uri, method: method, headers: headers, body: body.map { ByteBuffer(bytes: $0) })
    }

    package func get(_ uri: String, headers: HTTPFields = [:], certificates: [[UInt8]] = []) async throws -> TestResponse {
        try await send(.get, uri, headers: headers, certificates: certificates)
    }

    /// Posts a form; with `basic`, under HTTP Basic as a client does (RFC 6749 §2.3.1).
    package func post(
        _ uri: String, _ fields: [(String, String)], basic: (id: String, secret: String)? = nil, headers: HTTPFields = [:],
        certificates: [[UInt8]] = []
    ) async throws -> TestResponse {
        var headers = headers
        if headers[.contentType] == nil { headers[.contentType] = "application/x-www-form-urlencoded" }
        if let basic { headers[.authorization] = BasicCredentials.headerValue(clientID: basic.id, clientSecret: basic.secret) }
        return try await send(.post, uri, headers: headers, body: Array(Parameters.encode(fields).utf8), certificates: certificates)
    }

    // MARK: People and clients

    @discardableResult
    package func addUser(
        _ username: String = "ada", password: String = "analytical-engine", change: (inout User) -> Void = { _ in }
    ) async throws -> User {
        let now = clock.now
        var user = User(id: wiring.parts.randomness.uuid(at: now), username: username, now: now)
        user.email = "\(username)@example.org"
        user.emailVerified = true
        user.claims["name"] = "Ada Lovelace"
        user.passwordHash = try await wiring.hasher.hash(password)
        change(&user)
        try await UserStore(database).insert(user)
        return user
    }

    /// A confidential client `app` with code, refresh and client credentials, and everything that it may want.
    @discardableResult
    package func addClient(
        _ id: String = "app", secret: String? = "app-secret", metadata: [String: JSONValue] = [:], change: (inout Client) -> Void = { _ in }
    ) async throws -> Client {
        var members: [String: JSONValue] = [
            "client_name": "Test application", "redirect_uris": ["https://app.example/callback"],
            "post_logout_redirect_uris": ["https://app.example/goodbye"],
            "grant_types": secret == nil
                ? ["authorization_code", "refresh_token"] : ["authorization_code", "refresh_token", "client_credentials"],
            "token_endpoint_auth_method": secret == nil ? "none" : "client_secret_basic",
        ]
        members.merge(metadata) { _, new in new }
        var client = Client(
            id: id, metadata: try ClientMetadata(registering: .object(members), policy: .declared), origin: .declared,
            scopes: ["openid", "profile", "email", "address", "phone", "offline_access", "notes:read", "notes:write"], now: clock.now)
        client.secretHash = secret.map { TokenHash(of: $0) }
        change(&client)
        let added = client
        try await database.transaction { try await ClientStore($0).insert(added) }
        return added
    }

    /// Changes a client as an operator does.
    package func changeClient(_ id: String, _ change: (inout Client) -> Void) async throws {
        guard var client = try await ClientStore(database).find(id: id) else { return }
        change(&client)
        let changed = client
        let now = clock.now
        try await database.transaction { try await ClientStore($0).update(changed, now: now) }
        wiring.clients.flush()
    }

    /// Removes a client as an operator does.
    package func eraseClient(_ id: String) async throws {
        let now = clock.now
        try await database.transaction {
            try await ClientStore($0).erase(id, now: now, accessUntil: now + OAuthSettings.accessTokenLifetimeMax)
        }
        wiring.clients.flush()
    }
}

extension TestResponse {
    package var text: String { String(buffer: body) }

    /// The body as JSON; `.null` when it is none.
    package var json: JSONValue { (try? JSONValue(parsing: body.readableBytesView)) ?? .null }

    package var location: String? { headers[.location] }

    /// A parameter of the address that a redirect leads to.
    package func locationParameter(_ name: String) -> String? {
        guard let query = location?.split(separator: "?", maxSplits: 1).dropFirst().first else { return nil }
        return try? Parameters(urlEncoded: query.utf8).optional(name)
    }
}

extension RateLimitPolicies {
    /// Nobody is limited but by whoever tests it.
    package static var generous: RateLimitPolicies {
        var limits = RateLimitPolicies()
        let much = AttemptLimit(burst: 1_000_000, perMinute: 1_000_000)
        for limit: WritableKeyPath<RateLimitPolicies, AttemptLimit> in [
            \.signInPerAccount, \.signInPerDevice, \.signInPerAddress, \.clientGuessesPerClient, \.clientGuessesPerAddress,
            \.authorizationPerAddress, \.registrationPerAddress, \.tokenPerClient, \.tokenPerAddress, \.introspectionPerCaller,
            \.verificationPerCaller, \.userInfoPerUser, \.defaultPerAddress,
        ] { limits[keyPath: limit] = much }
        return limits
    }
}
