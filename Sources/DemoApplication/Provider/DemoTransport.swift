import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One call to the identity server.
package struct DemoCall: Sendable {
    package var method = "GET"
    package var uri: String
    package var headers: [(name: String, value: String)] = [("Accept", "application/json")]
    package var body: String?
}

/// What came back.
package struct DemoAnswer: Sendable {
    package let status: Int
    package let body: [UInt8]

    package init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// How calls are made; tests put a server of their own here.
package typealias DemoTransport = @Sendable (DemoCall) async throws -> DemoAnswer

extension HTTPClient {
    static let answerBytesMax = 262_144

    /// Calls over HTTP: five seconds, a quarter of a megabyte, no redirects.
    var demoTransport: DemoTransport {
        { call in
            var request = HTTPClientRequest(url: call.uri)
            request.method = HTTPMethod(rawValue: call.method)
            for header in call.headers { request.headers.add(name: header.name, value: header.value) }
            if let body = call.body { request.body = .bytes(ByteBuffer(string: body)) }
            let response = try await self.execute(request, timeout: .seconds(5))
            let body = try await response.body.collect(upTo: Self.answerBytesMax)
            return DemoAnswer(status: Int(response.status.code), body: Array(body.readableBytesView))
        }
    }
}
