import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded

@testable import Web

/// A request as the router would hand it on.
func sampleRequest(
    _ method: HTTPRequest.Method = .get, _ path: String = "/", _ headers: HTTPFields = [:], body: String = ""
) -> Request {
    Request(
        head: HTTPRequest(method: method, scheme: "http", authority: "localhost:8080", path: path, headerFields: headers),
        body: .init(buffer: ByteBuffer(string: body)))
}

/// A context without a peer.
func sampleContext() -> GatehouseContext {
    GatehouseContext(source: .init(channel: EmbeddedChannel(), logger: Logger(label: "test")))
}
