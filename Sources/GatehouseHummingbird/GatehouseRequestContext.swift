import GatehouseClient
import Hummingbird

/// A request context that knows who is calling. Adopt it in a service's own context, or use ``GatehouseBasicRequestContext``.
public protocol GatehouseRequestContext: RequestContext {
    /// Who is calling; set by ``GatehouseMiddleware``, nil before it and where anonymous callers are let through.
    var caller: GatehouseCaller? { get set }
    /// The numeric address that the request came from, for API keys that are bound to networks. Nil where it isn't known: such keys
    /// are then refused. Behind a proxy, that of the proxy's client.
    var callerAddress: String? { get }
    /// The certificate that the TLS peer has proven to hold the key of, in DER, for tokens that are bound to one (RFC 8705).
    var callerCertificate: [UInt8]? { get }
}

extension GatehouseRequestContext {
    /// Not known.
    public var callerAddress: String? { nil }
    /// None.
    public var callerCertificate: [UInt8]? { nil }

    /// Who is calling, for handlers behind ``GatehouseMiddleware``.
    /// - Throws: a 401 where nobody is known, as when the middleware is missing.
    public func requireCaller() throws -> GatehouseCaller {
        guard let caller else { throw GatehouseReply.missing }
        return caller
    }
}
