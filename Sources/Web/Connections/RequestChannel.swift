import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// An HTTP/1.1 connection whose requests begin to be handled where they are read.
///
/// Hummingbird's own channel passes every part of a request from the event loop to Swift's pool and the answer back, which costs more than
/// most answers do. Here a request is collected on the event loop and its handler starts there at once: what needs no waiting is
/// answered in place, and a handler that waits – for the database, a password hash – goes on on Swift's pool.
package struct RequestChannel: ServerChildChannel {
    /// Answers one request; never fails.
    package typealias Responder = @Sendable (Request, any Channel) async -> Response

    package struct Connection: ServerChildChannelValue {
        package let channel: any Channel
    }

    private let idleTimeMax: Duration
    private let bodyBytesMax: Int
    private let responder: Responder

    /// - Parameters:
    ///   - idleTimeMax: a connection on which nothing comes for so long is closed.
    ///   - bodyBytesMax: of a longer body nothing is kept: whoever reads it gets `NIOTooManyBytesError`, and the connection is closed.
    package init(idleTimeMax: Duration, bodyBytesMax: Int, responder: @escaping Responder) {
        self.idleTimeMax = idleTimeMax
        self.bodyBytesMax = bodyBytesMax
        self.responder = responder
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            // One request at a time, and an answer to what is no HTTP, come from NIO; so do the limits on header fields (80 KiB).
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: true, withErrorHandling: true, withOutboundHeaderValidation: false,
                withEncoderConfiguration: .init(), withDecoderLimitConfiguration: Self.limits)
            try pipeline.addHandlers([
                HTTP1ToHTTPServerCodec(secure: false), HTTPConnectionStateHandler(idleTimeout: idleTimeMax, logger: logger),
                RequestHandler(bodyBytesMax: bodyBytesMax, responder: responder),
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
