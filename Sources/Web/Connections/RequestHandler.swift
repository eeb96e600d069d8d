import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1

/// Collects requests, has them answered one after the other, writes the answers. Belongs to one connection and lives on its event loop.
final class RequestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// What a client sent, in order.
    private enum Arrival {
        case request(IncomingRequest)
        /// No HTTP, or no HTTP that we accept.
        case malformed(HTTPResponse.Status)
    }

    /// Of a body that is too long so much is still read, so that a client that sends before it reads gets to see the refusal.
    private static let discardedBytesMax = 1_048_576

    private let idleTimeMax: TimeAmount
    private let bodyBytesMax: Int
    private let isLeaving: @Sendable () -> Bool
    private let responder: RequestChannel.Responder

    private var context: ChannelHandlerContext?
    private var place: NIOLoopBound<RequestHandler>?
    private var executor: EventLoopExecutor?
    private var incoming: IncomingRequest?
    /// How much of a refused body has been read, while there is one.
    private var discardedBytes: Int?
    private var arrivals = CircularBuffer<Arrival>()
    private var isAnswering = false
    private var isAdvancing = false
    private var isReadWanted = false
    /// No request is accepted any more; the connection ends with the answers that are owed.
    private var isClosing = false
    private var waitsSince = NIODeadline.now()
    private var idleCheck: Scheduled<Void>?

    init(
        idleTimeMax: TimeAmount, bodyBytesMax: Int, isLeaving: @escaping @Sendable () -> Bool, responder: @escaping RequestChannel.Responder
    ) {
        self.isLeaving = isLeaving
        self.idleTimeMax = idleTimeMax
        self.bodyBytesMax = bodyBytesMax
        self.responder = responder
    }

    // MARK: The connection

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        place = NIOLoopBound(self, eventLoop: context.eventLoop)
        executor = EventLoopExecutor(context.eventLoop)
        scheduleIdleCheck(context, in: idleTimeMax)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        idleCheck?.cancel()
        idleCheck = nil
        self.context = nil
        place = nil
        executor = nil
        arrivals.removeAll()
    }

    func read(context: ChannelHandlerContext) {
        // A client that sends without waiting is not read further than its answers have gone.
        if arrivals.isEmpty { context.read() } else { isReadWanted = true }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: finishAndClose(context)
        case ChannelEvent.inputClosed: finishAndClose(context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, !isClosing else {
            context.close(promise: nil)
            return
        }
        incoming = nil
        arrive(.malformed(error == .headerOverflow ? .requestHeaderFieldsTooLarge : .badRequest), context)
    }

    /// What has arrived is answered, and nothing more.
    private func finishAndClose(_ context: ChannelHandlerContext) {
        isClosing = true
        incoming = nil
        if !isAnswering, arrivals.isEmpty { context.close(promise: nil) }
    }

    private func scheduleIdleCheck(_ context: ChannelHandlerContext, in delay: TimeAmount) {
        idleCheck = context.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in
            guard let self, let context = self.context else { return }
            let waited = self.isAnswering ? .zero : NIODeadline.now() - self.waitsSince
            if waited >= self.idleTimeMax {
                context.close(promise: nil)
            } else {
                self.scheduleIdleCheck(context, in: self.idleTimeMax - waited)
            }
        }
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing || discardedBytes != nil else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard let incoming = IncomingRequest(head) else { return arrive(.malformed(.badRequest), context) }
            self.incoming = incoming
            if incoming.expectsContinue, !isAnswering, arrivals.isEmpty {
                context.writeAndFlush(wrapOutboundOut(ResponseEncoding.continueLine(context.channel.allocator)), promise: nil)
            }
        case .body(let part):
            if let discarded = discardedBytes {
                discardedBytes = discarded + part.readableBytes
                if discarded > Self.discardedBytesMax { context.close(promise: nil) }
                return
            }
            guard incoming?.append(part, bytesMax: bodyBytesMax) == false, let refused = incoming else { return }
            incoming = nil
            discardedBytes = 0
            isClosing = true
            arrive(.request(refused), context)
        case .end:
            if discardedBytes != nil {
                discardedBytes = nil
                if !isAnswering, arrivals.isEmpty { context.close(promise: nil) }
            } else if let incoming {
                self.incoming = nil
                arrive(.request(incoming), context)
            }
        }
    }

    private func arrive(_ arrival: Arrival, _ context: ChannelHandlerContext) {
        arrivals.append(arrival)
        advance(context)
    }

    private func advance(_ context: ChannelHandlerContext) {
        guard !isAdvancing else { return }
        isAdvancing = true
        while !isAnswering, let arrival = arrivals.popFirst() { answer(arrival, context) }
        isAdvancing = false
        guard !isAnswering else { return }
        waitsSince = .now()
        if isReadWanted {
            isReadWanted = false
            context.read()
        }
    }

    /// Starts the handler here and now; where it has to wait, it goes on here as well.
    private func answer(_ arrival: Arrival, _ context: ChannelHandlerContext) {
        guard let place else { return }
        isAnswering = true
        switch arrival {
        case .malformed(let status):
            isClosing = true
            arrivals.removeAll()
            finish(Answer(head: HTTPResponse(status: status), body: ByteBuffer(), persistence: .close))
        case .request(let incoming):
            let request = incoming.request
            let persistence = incoming.persistence
            let channel = context.channel
            let eventLoop = context.eventLoop
            let responder = responder
            Task.immediate(executorPreference: executor) {
                let response = await responder(request, channel)
                let body = CollectedBody()
                try? await response.body.write(body)
                let answer = Answer(head: response.head, body: body.buffer, persistence: persistence)
                // What has actors or executors of its own may have come back elsewhere.
                if eventLoop.inEventLoop {
                    place.value.finish(answer)
                } else {
                    eventLoop.execute { place.value.finish(answer) }
                }
            }
        }
    }

    private func finish(_ answer: Answer) {
        // Nil when the connection has ended meanwhile.
        guard let context else { return }
        let isLast = answer.persistence == .close || ((isClosing || isLeaving()) && arrivals.isEmpty)
        let buffer = ResponseEncoding.encode(
            answer.head, body: answer.body, persistence: isLast ? .close : answer.persistence, allocator: context.channel.allocator)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        isAnswering = false
        if isLast {
            isClosing = true
            arrivals.removeAll()
            // The rest of a body that was too long is read first.
            if discardedBytes == nil { context.close(promise: nil) }
        }
        advance(context)
    }
}

/// An answer that is complete.
private struct Answer: Sendable {
    let head: HTTPResponse
    let body: ByteBuffer
    let persistence: Persistence
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
