/// The proof that came with an access token under `Authorization: DPoP` (RFC 9449 §7.1), and the request that it must be about.
public struct GatehouseTokenProof: Sendable {
    /// The values of all `DPoP` fields of the request, as many as there are.
    public var fields: [String]
    /// The request's method.
    public var method: String
    /// The request's address as callers know it: scheme, host, port and path; a query doesn't count. Scheme, host and port are a setting of
    /// the service's and not the `Host` field, or a proof for another service would hold here.
    public var uri: String

    /// A proof as it arrived.
    public init(fields: [String], method: String, uri: String) {
        self.fields = fields
        self.method = method
        self.uri = uri
    }
}
