import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// An HTTP/1.1 connection whose requests begin to be handled where they are read.
///
/// Hummingbird's own channel passes every part of a request from the event loop to Swift's pool and the answer back, through five handlers, which
/// costs more than most answers do. Here NIO's parser is followed by one handler: it collects a request on the event loop and starts its
/// handler there at once. What needs no waiting is answered in place, and a handler that waits – for the database, a password hash – goes on
/// on Swift's pool.
package struct RequestChannel: ServerChildChannel {
    /// Answers one request; never fails.
    package typealias Responder = @Sendable (Request, any Channel) async -> Response

    package struct Connection: ServerChildChannelValue {
        package let channel: any Channel
    }

    private let idleTimeMax: Duration
    private let bodyBytesMax: Int
    private let isLeaving: @Sendable () -> Bool
    private let responder: Responder

    /// - Parameters:
    ///   - idleTimeMax: how long a request may take to arrive, and how long a connection may wait for the next.
    ///   - bodyBytesMax: of a longer body nothing is kept: whoever reads it gets `NIOTooManyBytesError`, and the connection is closed.
    ///   - isLeaving: whether connections are to end with the next answer, since the server is about to.
    package init(
        idleTimeMax: Duration, bodyBytesMax: Int, isLeaving: @escaping @Sendable () -> Bool = { false }, responder: @escaping Responder
    ) {
        self.isLeaving = isLeaving
        self.idleTimeMax = idleTimeMax
        self.bodyBytesMax = bodyBytesMax
        self.responder = responder
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandlers([
                ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: Self.limits)),
                RequestHandler(
                    idleTimeMax: TimeAmount(idleTimeMax), bodyBytesMax: bodyBytesMax, isLeaving: isLeaving, responder: responder),
            ])
            return Connection(channel: channel)
        }
    }

    package func handle(value: Connection, logger: Logger) async {
        await withTaskCancellationHandler {
            try? await value.channel.closeFuture.get()
        } onCancel: {
            value.channel.close(mode: .input, promise: nil)
        }
    }

    private static var limits: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 80 * 1_024
        limits.maxHeaderListSize = 80 * 1_024
        limits.maxHeaderFieldCount = 200
        return limits
    }
}
