import NIOCore

/// The channel of a request whose client has proven a certificate: the channel itself, and the certificates.
///
/// Hummingbird makes the context of a request from its channel, off the event loop, where handlers can't be asked. So what the handshake
/// has brought travels with the channel; for HTTP/2 with that of each stream.
final class TLSPeerChannel: Channel {
    /// DER, the client's own first.
    let certificates: [[UInt8]]
    private let base: any Channel

    init(_ base: any Channel, certificates: [[UInt8]]) {
        self.base = base
        self.certificates = certificates
    }

    var allocator: ByteBufferAllocator { base.allocator }
    var closeFuture: EventLoopFuture<Void> { base.closeFuture }
    var pipeline: ChannelPipeline { base.pipeline }
    var localAddress: SocketAddress? { base.localAddress }
    var remoteAddress: SocketAddress? { base.remoteAddress }
    var parent: (any Channel)? { base.parent }
    var isWritable: Bool { base.isWritable }
    var isActive: Bool { base.isActive }
    var _channelCore: any ChannelCore { base._channelCore }
    var eventLoop: any EventLoop { base.eventLoop }
    var syncOptions: (any NIOSynchronousChannelOptions)? { base.syncOptions }

    func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) -> EventLoopFuture<Void> {
        base.setOption(option, value: value)
    }

    func getOption<Option: ChannelOption>(_ option: Option) -> EventLoopFuture<Option.Value> {
        base.getOption(option)
    }
}
