import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// Collects a request, has it answered, writes the answer. Belongs to one connection and lives on its event loop.
final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    private let bodyBytesMax: Int
    private let responder: RequestChannel.Responder
    /// The request that is being read.
    private var head: HTTPRequest?
    private var body = ByteBuffer()

    init(bodyBytesMax: Int, responder: @escaping RequestChannel.Responder) {
        self.bodyBytesMax = bodyBytesMax
        self.responder = responder
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ByteBuffer()
            // RFC 9110 §10.1.1: the client waits for this before it sends the body.
            if head.headerFields[.expect]?.lowercased() == "100-continue" {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body(var part):
            guard let head else { return }
            guard body.readableBytes + part.readableBytes <= bodyBytesMax else {
                self.head = nil
                return answer(head, RequestBody(asyncSequence: OversizeBody(bytesMax: bodyBytesMax)), isLast: true, context)
            }
            if body.readableBytes == 0 { body = part } else { body.writeBuffer(&part) }
        case .end:
            // The rest of a body that was too long.
            guard let head else { return }
            self.head = nil
            answer(head, RequestBody(buffer: body), isLast: isLast(head), context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// RFC 9112 §9.6
    private func isLast(_ head: HTTPRequest) -> Bool {
        guard let field = head.headerFields[.connection] else { return false }
        return field.lowercased().split(separator: ",").contains { $0.drop { $0 == " " }.prefix { $0 != " " } == "close" }
    }

    /// Starts the handler here and now; it leaves this thread only where it has to wait.
    private func answer(_ head: HTTPRequest, _ body: RequestBody, isLast: Bool, _ context: ChannelHandlerContext) {
        let request = Request(head: head, body: body)
        let channel = context.channel
        let place = NIOLoopBound(context, eventLoop: context.eventLoop)
        let responder = responder
        Task.immediate {
            let response = await responder(request, channel)
            let body = CollectedBody()
            try? await response.body.write(body)
            let answer = Answer(head: response.head, body: body.buffer, isLast: isLast)
            if place.eventLoop.inEventLoop {
                answer.write(to: place.value)
            } else {
                place.eventLoop.execute { answer.write(to: place.value) }
            }
        }
    }
}

/// An answer that is complete.
private struct Answer: Sendable {
    var head: HTTPResponse
    let body: ByteBuffer
    let isLast: Bool

    func write(to context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        var head = head
        if isLast { head.headerFields[.connection] = "close" }
        context.write(NIOAny(HTTPResponsePart.head(head)), promise: nil)
        if body.readableBytes > 0 { context.write(NIOAny(HTTPResponsePart.body(body)), promise: nil) }
        context.writeAndFlush(NIOAny(HTTPResponsePart.end(nil)), promise: nil)
        if isLast { context.close(promise: nil) }
    }
}

/// Our bodies are made whole before they are sent.
private final class CollectedBody: ResponseBodyWriter {
    private(set) var buffer = ByteBuffer()

    func write(_ part: ByteBuffer) async throws {
        var part = part
        if buffer.readableBytes == 0 { buffer = part } else { buffer.writeBuffer(&part) }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

/// Stands for a body of which nothing was kept, since it was too long.
private struct OversizeBody: AsyncSequence, Sendable {
    struct AsyncIterator: AsyncIteratorProtocol {
        let bytesMax: Int

        func next() async throws -> ByteBuffer? { throw NIOTooManyBytesError(maxBytes: bytesMax) }
    }

    let bytesMax: Int

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(bytesMax: bytesMax) }
}
