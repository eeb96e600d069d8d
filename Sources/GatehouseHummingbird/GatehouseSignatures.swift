import GatehouseClient

/// Which signed requests (RFC 9421) a service accepts.
///
/// `origin` is scheme, host and port as callers know the service (`https://notes.example`). It is a setting and not the `Host` field, or
/// a request that was signed for another service would hold here.
public enum GatehouseSignatures: Sendable {
    /// Finds the keys that an id stands for: two while one is being replaced, none where it is unknown.
    public typealias Finder = @Sendable (_ keyID: String) async throws -> [GatehouseTrustedKey]

    /// None: a signature proves nothing.
    case none
    /// Those that hold under keys of the service's own. Each nonce counts once in this process.
    case keys(origin: String, find: Finder)
    /// Those that the server accepts: it knows the keys, and counts each nonce once across all services.
    case server(origin: String)

    var origin: String? {
        switch self {
        case .none: nil
        case .keys(let origin, _), .server(let origin): origin
        }
    }
}
