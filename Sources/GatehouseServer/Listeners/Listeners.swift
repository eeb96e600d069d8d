import FoundationEssentials
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Runtime
import ServiceLifecycle
import Web

/// The ports that a server listens on, with their certificates.
struct Listeners: Sendable {
    /// A connection on which nothing comes for so long is closed.
    private static let idleTimeMax: Duration = .seconds(60)
    /// Beyond these, new connections wait in the backlog; for each port.
    private static let connectionsMax = 10_000

    private let settings: ListenSettings
    private let credentials: TLSCredentials?
    private let mutualCredentials: TLSCredentials?
    private let logger: Logger

    /// Reads the certificates.
    /// - Throws: `DeploymentError` when one is missing or its key doesn't fit.
    init(_ settings: ListenSettings, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        do {
            let first = try settings.tls.map { try TLSCredentials($0, versionMin: settings.versionMin) }
            credentials = first
            if settings.mutualTLS.port != nil, let files = settings.mutualTLS.files {
                mutualCredentials = try files == first?.files ? first : TLSCredentials(files, versionMin: settings.versionMin)
            } else {
                mutualCredentials = nil
            }
        } catch let problem as TLSProblem {
            throw DeploymentError("TLS: \(problem)")
        }
    }

    /// The services that listen.
    /// - Parameters:
    ///   - onRunning: called once, when the first port is being listened on.
    ///   - onMutualRunning: the same for the second, where there is one.
    func services(
        _ responder: @escaping RequestChannel.Responder, leaving: Leaving = Leaving(),
        onRunning: @escaping @Sendable (_ port: Int) async -> Void,
        onMutualRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> [any Service] {
        var services: [any Service] = []
        if let mutualCredentials, let port = settings.mutualTLS.port {
            let logger = logger
            services.append(
                service(tls(mutualCredentials, asksForCertificate: true, leaving, responder), settings.mutualTLS.address, port) { port in
                    logger.notice("asking for client certificates", metadata: ["port": "\(port)"])
                    await onMutualRunning(port)
                })
        }
        if let credentials {
            services.append(
                service(tls(credentials, asksForCertificate: false, leaving, responder), settings.address, settings.port, onRunning))
        } else {
            let plain = RequestChannel(
                idleTimeMax: Self.idleTimeMax, bodyBytesMax: Form.bodyBytesMax, isLeaving: { leaving.isUnderway }, responder: responder)
            services.append(service(plain, settings.address, settings.port, onRunning))
        }
        if !reloads.isEmpty { services.append(CertificateSignal(reload: reload)) }
        return services
    }

    /// The listener for monitoring, where there is one; in plain HTTP.
    func monitoring(
        _ place: ListenAddress?, _ metrics: MetricsEndpoint, onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> [any Service] {
        guard let place else { return [] }
        let logger = logger
        let channel = RequestChannel(idleTimeMax: Self.idleTimeMax, bodyBytesMax: Form.bodyBytesMax) { request, _ in
            await metrics.respond(request)
        }
        return [
            service(channel, place.address, place.port) { port in
                logger.notice("metrics", metadata: ["address": "\(place.address)", "port": "\(port)"])
                await onRunning(port)
            }
        ]
    }

    private func tls(
        _ credentials: TLSCredentials, asksForCertificate: Bool, _ leaving: Leaving, _ responder: @escaping RequestChannel.Responder
    ) -> TLSListener {
        TLSListener(
            credentials, asksForCertificate: asksForCertificate, idleTimeMax: Self.idleTimeMax, bodyBytesMax: Form.bodyBytesMax,
            isLeaving: { leaving.isUnderway }, responder: responder)
    }

    private func service(
        _ connections: some ServerChildChannel, _ address: String, _ port: Int, _ onRunning: @escaping @Sendable (_ port: Int) async -> Void
    ) -> any Service {
        let listener = connections.server(
            configuration: .init(
                address: .hostname(address, port: port), backlog: 1_024,
                availableConnectionsDelegate: .maximum(Self.connectionsMax, logger: logger)),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? port) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        return PortClaim(address: address, port: port, listener: listener)
    }

    // MARK: Certificates

    private var reloads: [TLSCredentials] {
        guard let credentials else { return mutualCredentials.map { [$0] } ?? [] }
        return [credentials] + (mutualCredentials.map { $0 === credentials ? [] : [$0] } ?? [])
    }

    /// What keeps the certificates new.
    var jobs: [Job] {
        guard !reloads.isEmpty else { return [] }
        return [
            Job(name: "certificate files", interval: .seconds(5)) { _ in reload() },
            Job(name: "certificate expiry", interval: .seconds(86_400)) { now in warn(now: now) },
        ]
    }

    /// Looks at the files, and takes what is new and good.
    @Sendable private func reload() {
        for credentials in reloads {
            let file: Logger.Metadata = ["certificate": "\(credentials.files.certificate)"]
            switch credentials.reload() {
            case .unchanged: break
            case .replaced(let certificate):
                let expires: Logger.Metadata = ["expires": "\(certificate.expiresAt.formatted(.iso8601))"]
                logger.notice("a new certificate is in use", metadata: file.merging(expires) { $1 })
            case .refused(let problem):
                logger.error("the new certificate is not used", metadata: file.merging(["problem": "\(problem)"]) { $1 })
            }
        }
    }

    /// A certificate's last days are told at the start and once a day.
    func warn(now: Date) {
        for credentials in reloads {
            if let words = Self.warning(of: credentials.certificate, now: now) {
                logger.warning("\(words)", metadata: ["certificate": "\(credentials.files.certificate)"])
            }
        }
    }

    /// What is to be said of a certificate's age; nil while all is well.
    static func warning(of certificate: TLSCertificate, now: Date) -> String? {
        if certificate.expiresAt <= now {
            return "the server's certificate has expired: \(certificate.expiresAt.formatted(.iso8601))"
        }
        if certificate.startsAt > now {
            return "the server's certificate is not valid yet: \(certificate.startsAt.formatted(.iso8601))"
        }
        if certificate.expiresAt < now + Duration.days(14) {
            return "the server's certificate expires soon: \(certificate.expiresAt.formatted(.iso8601))"
        }
        return nil
    }
}
