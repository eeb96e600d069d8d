import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// One side of a listener: HTTP/1.1 or HTTP/2 under TLS, whichever the client prefers to speak (ALPN, RFC 7301), with a certificate that may
/// be exchanged while it runs.
///
/// Hummingbird's own keeps one certificate for good, which is why this isn't it.
package struct TLSListener: ServerChildChannel {
    package struct Connection: ServerChildChannelValue {
        let negotiated: EventLoopFuture<Negotiated>
        package let channel: any Channel
    }

    enum Negotiated: Sendable {
        /// Requests are answered by handlers on the channel.
        case http1
        case http2(HTTP2Channel, HTTP2Channel.Value)
        /// A protocol that we don't speak.
        case neither
    }

    private let credentials: TLSCredentials
    private let asksForCertificate: Bool
    private let idleTimeMax: Duration
    private let bodyBytesMax: Int
    private let isLeaving: @Sendable () -> Bool
    private let responder: RequestChannel.Responder

    /// - Parameters:
    ///   - asksForCertificate: Whether clients may show a certificate of theirs. They need not, and any is taken that they hold the key of:
    ///     the context has it, and judging it is the endpoints' business.
    ///   - idleTimeMax: as for `RequestChannel`, like `bodyBytesMax`, `isLeaving` and `responder`.
    package init(
        _ credentials: TLSCredentials, asksForCertificate: Bool, idleTimeMax: Duration, bodyBytesMax: Int,
        isLeaving: @escaping @Sendable () -> Bool = { false }, responder: @escaping RequestChannel.Responder
    ) {
        self.isLeaving = isLeaving
        self.credentials = credentials
        self.asksForCertificate = asksForCertificate
        self.idleTimeMax = idleTimeMax
        self.bodyBytesMax = bodyBytesMax
        self.responder = responder
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            let peer = asksForCertificate ? TLSPeer() : nil
            let negotiation = NIOTypedApplicationProtocolNegotiationHandler<Negotiated> { result, channel in
                // The handshake is complete: whatever certificate has been shown is the client's.
                let responder = responder(for: peer?.certificates ?? [])
                return negotiated(result, channel, responder, logger)
            }
            let operations = channel.pipeline.syncOperations
            try operations.addHandler(handler(peer))
            try operations.addHandler(IdleStateHandler(readTimeout: TLSConnectionLife.silenceMax))
            try operations.addHandler(TLSConnectionLife())
            try operations.addHandler(negotiation)
            return Connection(negotiated: negotiation.protocolNegotiationResult, channel: channel)
        }
    }

    package func handle(value: Connection, logger: Logger) async {
        await withTaskCancellationHandler {
            do {
                if case .http2(let http2, let connection) = try await value.negotiated.get() {
                    await http2.handle(value: connection, logger: logger)
                }
                try await value.channel.closeFuture.get()
            } catch {
                logger.debug("TLS handshake failed", metadata: ["error": "\(error)"])
                value.channel.close(promise: nil)
            }
        } onCancel: {
            value.channel.close(promise: nil)
        }
    }

    private func handler(_ peer: TLSPeer?) throws -> NIOSSLServerHandler {
        let context = try credentials.context(asksForCertificate: asksForCertificate)
        guard let peer else { return NIOSSLServerHandler(context: context) }
        return NIOSSLServerHandler(context: context) { chain, promise in promise.succeed(peer.judge(chain)) }
    }

    private func negotiated(
        _ result: ALPNResult, _ channel: any Channel, _ responder: @escaping RequestChannel.Responder, _ logger: Logger
    ) -> EventLoopFuture<Negotiated> {
        switch result {
        case .negotiated("h2"):
            let http2 = http2(responder)
            return http2.setup(channel: channel, logger: logger).map { connection in
                StreamHead.announce(on: channel)
                return .http2(http2, connection)
            }
        case .negotiated("http/1.1"), .fallback:
            let http1 = RequestChannel(
                idleTimeMax: idleTimeMax, bodyBytesMax: bodyBytesMax, isLeaving: isLeaving, responder: responder)
            return http1.setup(channel: channel, logger: logger).map { _ in .http1 }
        case .negotiated:
            return channel.close().map { .neither }
        }
    }

    private func http2(_ responder: @escaping RequestChannel.Responder) -> HTTP2Channel {
        HTTP2Channel(
            responder: { (request, writer: consuming ResponseWriter, channel) in
                let isAcceptable = StreamHead.isAcceptable(request.head)
                let response = isAcceptable ? await responder(request, channel) : Response(status: .requestHeaderFieldsTooLarge)
                try await writer.write(response: response.head, body: response.body)
            },
            configuration: .init(
                idleTimeout: idleTimeMax, gracefulCloseTimeout: .seconds(10), streamConfiguration: .init(idleTimeout: .init(idleTimeMax))))
    }

    private func responder(for certificates: [[UInt8]]) -> RequestChannel.Responder {
        guard !certificates.isEmpty else { return responder }
        let responder = responder
        return { request, channel in await responder(request, TLSPeerChannel(channel, certificates: certificates)) }
    }
}
