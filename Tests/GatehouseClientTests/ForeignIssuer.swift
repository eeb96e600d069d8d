import Crypto
import FoundationEssentials
import GatehouseClient
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import OAuthProtocol
import Synchronization
import TestKit

/// A server of the tests' own behind a real socket: it publishes keys, signs what it is told, and can misbehave.
final class ForeignIssuer: Sendable {
    static let issuer = "http://localhost:8080"
    static let audience = "https://api.example"

    enum Behaviour: Sendable {
        case good
        case status(Int)
        case bytes([UInt8])
        /// Answers once the test is over.
        case silent
        case redirect(String)
    }

    struct Answer: Sendable {
        var body: JSONValue
        var status = 200
        var headers: HTTPFields = [:]
    }

    private struct State {
        var behaviour: [String: [Behaviour]] = [:]
        var counts: [String: Int] = [:]
        var answers: [String: Answer] = [:]
        var requests: [String: (headers: HTTPFields, body: String)] = [:]
        var isOver = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    let clock = ManualClock()
    private let addressText = Mutex("")

    var address: String { addressText.withLock { $0 } }

    /// - Parameter body: is given the server while it listens.
    static func run(_ body: @escaping @Sendable (ForeignIssuer) async throws -> Void) async throws {
        let server = ForeignIssuer()
        server.publish([ForeignKey()])
        server.answer("/.well-known/openid-configuration", server.discovery())
        let router = Router()
        for path in ["/.well-known/openid-configuration", "/keys", "/elsewhere"] {
            router.get("\(path)") { request, _ in try await server.respond(path, request) }
        }
        for path in ["/token", "/introspect", "/v1/keys/verify", "/v1/signatures/verify"] {
            router.post("\(path)") { request, _ in try await server.respond(path, request) }
        }
        let application = Application(router: router, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await application.test(.live) { client in
            server.addressText.withLock { $0 = "http://localhost:\(client.port ?? 0)" }
            do {
                try await body(server)
                server.finish()
            } catch {
                server.finish()
                throw error
            }
        }
    }

    // MARK: What it does

    func discovery(_ changes: [String: JSONValue] = [:]) -> Answer {
        var members: [String: JSONValue] = [
            "issuer": .string(Self.issuer), "jwks_uri": .string(Self.issuer + "/keys"), "token_endpoint": .string(Self.issuer + "/token"),
            "introspection_endpoint": .string(Self.issuer + "/introspect"),
        ]
        members.merge(changes) { _, new in new }
        return Answer(body: .object(members), headers: [.cacheControl: "public, max-age=300"])
    }

    func publish(_ keys: [ForeignKey], maxAge: Int = 3_600) {
        answer("/keys", Answer(body: JWKSet(keys.map(\.jwk)).json, headers: [.cacheControl: "public, max-age=\(maxAge)"]))
    }

    func answer(_ path: String, _ answer: Answer) {
        state.withLock { $0.answers[path] = answer }
    }

    /// How it answers from now on; of several, one after the other, the last for good.
    func behave(_ path: String, _ behaviour: Behaviour...) {
        state.withLock { $0.behaviour[path] = behaviour }
    }

    func count(_ path: String) -> Int {
        state.withLock { $0.counts[path] ?? 0 }
    }

    /// The last request to a path.
    func request(_ path: String) -> (headers: HTTPFields, body: String)? {
        state.withLock { $0.requests[path] }
    }

    /// A client of it, on its clock.
    func client(
        _ credentials: GatehouseCredentials = .none, audience: String = audience, proofKey: GatehouseProofKey? = nil,
        change: (inout GatehouseOptions) -> Void = { _ in }
    ) throws -> GatehouseClient {
        var options = GatehouseOptions()
        options.address = address
        options.now = { [clock] in clock.now }
        change(&options)
        return try GatehouseClient(
            issuer: Self.issuer, audience: audience, credentials: credentials, proofKey: proofKey, options: options,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// The claims of a good access token; nil takes one out.
    func claims(_ changes: [String: JSONValue?] = [:]) -> JSONValue {
        let now = Int64(clock.now.timeIntervalSince1970)
        var claims: [String: JSONValue] = [
            "iss": .string(Self.issuer), "aud": .string(Self.audience), "sub": "ada", "client_id": "app", "iat": .int(now),
            "exp": .int(now + 3_600), "jti": "t1", "scope": "notes:read notes:write", "roles": ["admin"],
        ]
        for (name, value) in changes { claims[name] = value }
        return .object(claims)
    }

    // MARK: The routes

    private func respond(_ path: String, _ request: Request) async throws -> Response {
        let body = String(buffer: try await request.body.collect(upTo: 65_536))
        let (behaviour, answer) = state.withLock { state -> (Behaviour, Answer?) in
            state.counts[path, default: 0] += 1
            state.requests[path] = (request.headers, body)
            let behaviours = state.behaviour[path] ?? [.good]
            if behaviours.count > 1 { state.behaviour[path] = Array(behaviours.dropFirst()) }
            return (behaviours[0], state.answers[path])
        }
        switch behaviour {
        case .good: break
        case .status(let code): return Response(status: .init(code: code))
        case .bytes(let bytes): return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        case .silent: await untilOver()
        case .redirect(let location): return Response(status: .found, headers: [.location: location])
        }
        guard let answer else { return Response(status: .notFound) }
        return Response(
            status: .init(code: answer.status), headers: answer.headers, body: .init(byteBuffer: ByteBuffer(bytes: answer.body.encoded())))
    }

    private func untilOver() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiting.append(continuation) }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    private func finish() {
        let waiting = state.withLock { state in
            state.isOver = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
