import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import Runtime

/// A call whose address has been judged.
package struct OutboundCall: Sendable {
    package let request: OutboundRequest
    /// Rebuilt from its parts.
    package let url: String
    /// As the URL names it: what the certificate must be for.
    package let host: String
    /// Where to connect to: what the name meant when it was judged. It is not looked up again.
    package let pinned: String
    package let connectTimeMax: Duration
}

/// Makes a judged call over the network. Each has a client of its own, since a client's pinned addresses are its settings; these calls are
/// few – a sign-in makes two or three – and share nothing.
package enum OutboundExchange {
    /// - Throws: `OutboundError`; ``NotConnected`` where another address may be tried.
    @Sendable package static func perform(_ call: OutboundCall) async throws -> OutboundAnswer {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.dnsOverride = [call.host: call.pinned]
        configuration.timeout.connect = .nanoseconds(Int64(call.connectTimeMax.inSeconds * 1e9))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Result<OutboundAnswer, any Error>
        do {
            result = .success(try await exchange(call, client))
        } catch {
            result = .failure(judge(error))
        }
        try? await client.shutdown()
        return try result.get()
    }

    /// Nothing was sent.
    struct NotConnected: Error {}

    private static func exchange(_ call: OutboundCall, _ client: HTTPClient) async throws -> OutboundAnswer {
        var request = HTTPClientRequest(url: call.url)
        request.method = HTTPMethod(rawValue: call.request.method.rawValue)
        // GitHub answers nobody without one.
        request.headers.add(name: "User-Agent", value: "Gatehouse")
        for header in call.request.headers { request.headers.add(name: header.name, value: header.value) }
        if let body = call.request.body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await client.execute(request, deadline: .distantFuture)
        guard !(300...399).contains(response.status.code) else { throw OutboundError.redirect }
        let body = try await response.body.collect(upTo: call.request.bytesMax)
        return OutboundAnswer(
            status: Int(response.status.code), contentType: response.headers.first(name: "Content-Type"),
            cacheControl: response.headers.first(name: "Cache-Control"), body: Array(body.readableBytesView))
    }

    private static func judge(_ error: any Error) -> any Error {
        switch error {
        case let error as OutboundError: error
        case is NIOTooManyBytesError: OutboundError.tooLarge
        case let error as CancellationError: error
        case let error as HTTPClientError where error == .connectTimeout: NotConnected()
        case let error as IOError where [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL].contains(error.errnoCode): NotConnected()
        case is NIOConnectionError: NotConnected()
        // Whatever it is: its words may hold the address, and nothing of them helps a person.
        default: OutboundError.unreachable
        }
    }
}
