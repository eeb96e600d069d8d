import HTTPTypes
import Hummingbird
import OAuthProtocol
import Web

/// Stands in for the TLS listener: a request of a test says which certificates its sender has proven to hold the key of.
/// Only servers that tests build have it; it takes the field away before anything of ours sees it.
struct TestPeerResponder<Inner: HTTPResponder>: HTTPResponder where Inner.Context == GatehouseContext {
    private static var field: HTTPField.Name? { HTTPField.Name("Test-Peer-Certificates") }
    private static var hostField: HTTPField.Name? { HTTPField.Name("Test-Host") }

    let inner: Inner

    func respond(to request: Request, context: GatehouseContext) async throws -> Response {
        var request = request
        var context = context
        if let field = Self.field, let value = request.headers[field] {
            var head = request.head
            head.headerFields[field] = nil
            request = Request(head: head, body: request.body)
            context.peerCertificates = value.split(separator: ",").compactMap { Base64URL.decode($0) }
        }
        var head = request.head
        head.authority = Self.hostField.flatMap { head.headerFields[$0] } ?? "localhost:8080"
        if let field = Self.hostField { head.headerFields[field] = nil }
        return try await inner.respond(to: Request(head: head, body: request.body), context: context)
    }

    /// Names another host than the issuer's.
    static func add(host: String, to headers: inout HTTPFields) {
        if let hostField { headers[hostField] = host }
    }

    static func add(_ certificates: [[UInt8]], to headers: inout HTTPFields) {
        guard let field, !certificates.isEmpty else { return }
        headers[field] = certificates.map { Base64URL.encode($0) }.joined(separator: ",")
    }
}
