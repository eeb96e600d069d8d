import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import TestKit
import Web

/// A server on a port of loopback, and bytes sent to it and read from it as they are.
struct RawConnection {
    /// Serves with `respond`, sends `text`, and reads until the server closes or `isEnough` says so.
    static func exchange(
        _ text: String, bodyBytesMax: Int = 64, idleTimeMax: Duration = .seconds(30),
        isEnough: @escaping @Sendable (String) -> Bool = { _ in false },
        respond: @escaping @Sendable (Request) async -> Response = { request in await RawConnection.echo(request) }
    ) async throws -> (answer: String, isClosed: Bool) {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let server = RequestChannel(idleTimeMax: idleTimeMax, bodyBytesMax: bodyBytesMax) { request, _ in await respond(request) }.server(
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let services = ServiceGroup(
                configuration: .init(services: [server], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
            group.addTask { try await services.run() }
            var iterator = ports.makeAsyncIterator()
            let number = await iterator.next() ?? 0
            let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: number) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            var answer = ""
            var isClosed = true
            try await client.executeThenClose { inbound, outbound in
                // The server may have closed already; then there is nothing to read either.
                try? await outbound.write(ByteBuffer(string: text))
                do {
                    for try await part in inbound {
                        answer += String(buffer: part)
                        if isEnough(answer) {
                            isClosed = false
                            break
                        }
                    }
                } catch let error as IOError where error.errnoCode == ECONNRESET {
                    // It was closed before it had read what the client sent.
                }
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            return (answer, isClosed)
        }
    }

    /// Answers with method, path and body, or with 413.
    static func echo(_ request: Request) async -> Response {
        do {
            let body = try await Form.body(request)
            return Response(
                status: .ok, body: .init(byteBuffer: ByteBuffer(string: "\(request.method) \(request.uri.path) \(String(buffer: body))")))
        } catch {
            return Response(status: .contentTooLarge)
        }
    }
}
