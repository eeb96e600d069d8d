import AsyncHTTPClient
import FoundationEssentials
import Hummingbird
import Logging
import NIOCore
import NIOSSL
import OAuthProtocol
import ServiceLifecycle
import TestKit
import Web

@testable import GatehouseServer

/// Real listeners on ports that the system chooses, with a route that says what the server knows of its client.
struct ListenerBench: Sendable {
    let listeners: Listeners
    let directory: String
    let port: Int
    let mutualPort: Int

    /// - Parameter settings: the section `listen`; `DIRECTORY` stands for where `server.crt` and `server.key` are.
    static func run(
        _ settings: String = """
        { port: 0, tls: { certificate: DIRECTORY/server.crt, private_key: DIRECTORY/server.key }, mutual_tls: { port: 0 } }
        """, _ body: @escaping @Sendable (ListenerBench) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.path() + "gatehouse-tls-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try write(TestCertificates.first, TestCertificates.firstKey, to: directory)
        let listen = try GatehouseSettings.parse("listen: " + settings.replacing("DIRECTORY", with: directory)).listen
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let listeners = try Listeners(listen, logger: logger)
        let (ports, found) = AsyncStream.makeStream(of: (isMutual: Bool, port: Int).self)
        let services = listeners.services(
            respond, onRunning: { found.yield((false, $0)) }, onMutualRunning: { found.yield((true, $0)) })
        let group = ServiceGroup(configuration: .init(services: services, logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var (port, mutualPort) = (0, 0)
            for await running in ports {
                if running.isMutual { mutualPort = running.port } else { port = running.port }
                if port > 0, mutualPort > 0 || listen.mutualTLS.port == nil { break }
            }
            let bench = ListenerBench(listeners: listeners, directory: directory, port: port, mutualPort: mutualPort)
            do {
                try await body(bench)
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Sendable private static func respond(_ request: Request, _ channel: any Channel) async -> Response {
        let context = GatehouseContext(source: .init(channel: channel, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        let certificates = JSONValue.array(context.peerCertificates.map { .string(Base64.encode($0)) })
        return Reply.json(JSONValue.object(["address": .string(context.clientAddress), "certificates": certificates]).encoded())
    }

    static func write(_ certificate: String, _ key: String, to directory: String) throws {
        try Data(certificate.utf8).write(to: URL(filePath: directory + "/server.crt"))
        try Data(key.utf8).write(to: URL(filePath: directory + "/server.key"))
    }

    func write(_ certificate: String, _ key: String) throws {
        try Self.write(certificate, key, to: directory)
    }

    func reload() async throws {
        for job in listeners.jobs where job.name == "certificate files" { try await job.run(Date(timeIntervalSince1970: 0)) }
    }
}

/// One client with connections of its own.
struct ListenerClient: Sendable {
    struct Answer: Sendable {
        let version: String
        let address: String?
        /// In base64.
        let certificates: [String]
    }

    let http: HTTPClient

    /// - Parameters:
    ///   - trusting: the server's certificate, in PEM.
    ///   - chain: the certificates to show where the server asks, in PEM, with the first one's key.
    ///   - algorithms: what the proof of that key may be signed under; nil: what the library takes.
    init(
        trusting server: String = TestCertificates.first, showing chain: [String] = [], key: String? = nil,
        proving algorithms: [SignatureAlgorithm]? = nil, isHTTP2: Bool = false, versionMax: TLSVersion? = nil
    ) throws {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(server.utf8)))
        tls.maximumTLSVersion = versionMax
        tls.signingSignatureAlgorithms = algorithms
        tls.certificateChain = try chain.flatMap { try NIOSSLCertificate.fromPEMBytes(Array($0.utf8)) }.map { .certificate($0) }
        tls.privateKey = try key.map { .privateKey(try NIOSSLPrivateKey(bytes: Array($0.utf8), format: .pem)) }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.httpVersion = isHTTP2 ? .automatic : .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Runs `body` and closes the connections.
    func use<T: Sendable>(_ body: @Sendable (ListenerClient) async throws -> T) async throws -> T {
        do {
            let value = try await body(self)
            try await http.shutdown()
            return value
        } catch {
            try await http.shutdown()
            throw error
        }
    }

    func ask(_ port: Int) async throws -> Answer {
        let answer = try await http.execute(HTTPClientRequest(url: "https://localhost:\(port)/client"), timeout: .seconds(30))
        let body = try JSONValue(parsing: try await answer.body.collect(upTo: 1_048_576).readableBytesView, bytesMax: 1_048_576)
        return Answer(
            version: "\(answer.version)", address: body["address"]?.string,
            certificates: body["certificates"]?.array?.compactMap(\.string) ?? [])
    }
}
