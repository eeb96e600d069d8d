import NIOCore
import NIOTLS

/// Ends connections that hold a place without using it: a handshake that doesn't come to its end, an HTTP/2 connection on which nothing
/// comes, and at shutdown whatever has not ended by itself.
final class TLSConnectionLife: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias InboundOut = NIOAny

    private static let handshakeTimeMax: TimeAmount = .seconds(10)
    /// HTTP/1.1 connections are closed earlier, by Hummingbird.
    static let silenceMax: TimeAmount = .seconds(120)
    private static let farewellTimeMax: TimeAmount = .seconds(20)

    private var isEstablished = false
    private var ending: Scheduled<Void>?

    func handlerAdded(context: ChannelHandlerContext) {
        end(context, in: Self.handshakeTimeMax)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        ending?.cancel()
        ending = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        ending?.cancel()
        ending = nil
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted:
            isEstablished = true
            ending?.cancel()
            ending = nil
        case IdleStateHandler.IdleStateEvent.read:
            context.close(promise: nil)
            return
        case is ChannelShouldQuiesceEvent:
            // What is under way may end; what answers no farewell is cut off, or the server would wait for it.
            guard isEstablished else { return context.close(promise: nil) }
            end(context, in: Self.farewellTimeMax)
        default:
            break
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func end(_ context: ChannelHandlerContext, in time: TimeAmount) {
        ending?.cancel()
        let channel = context.channel
        ending = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }
}
