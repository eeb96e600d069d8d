import GatehouseClient
import Hummingbird
import NIOCore

/// The plainest context that knows who is calling, and from where.
public struct GatehouseBasicRequestContext: GatehouseRequestContext {
    /// Hummingbird's own.
    public var coreContext: CoreRequestContextStorage
    /// Who is calling.
    public var caller: GatehouseCaller?
    /// The address of the connection's other end.
    public let callerAddress: String?

    /// Made by Hummingbird for each request.
    public init(source: Source) {
        coreContext = .init(source: source)
        callerAddress = source.channel.remoteAddress?.ipAddress
    }
}
