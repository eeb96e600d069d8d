import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One call to the server.
struct TransportCall: Sendable {
    var method = "GET"
    var uri: String
    var headers: [(name: String, value: String)] = [("Accept", "application/json")]
    var body: [UInt8]?
}

/// What came back.
struct TransportAnswer: Sendable {
    let status: Int
    let cacheControl: String?
    let retryAfter: String?
    let fields: [GatehouseMessage.Field]
    let body: [UInt8]
}

/// Calls the server: within time and size, without redirects. A GET is tried twice.
struct Transport: Sendable {
    private let http: HTTPClient
    private let timeMax: Duration
    private let bytesMax: Int

    init(_ options: GatehouseOptions) {
        http = options.http ?? Self.shared
        timeMax = options.answerTimeMax
        bytesMax = options.answerBytesMax
    }

    /// For the process: it is never shut down, like the event loops that it runs on.
    private static let shared: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        // A redirect would take credentials, or our belief, to an address that nobody configured.
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(2)
        // Shorter than servers wait, so that a call seldom meets a connection that is just being closed.
        configuration.connectionPool.idleTimeout = .seconds(15)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// - Throws: ``GatehouseError/unavailable(_:)``; `CancellationError`.
    func send(_ call: TransportCall) async throws -> TransportAnswer {
        do {
            let answer = try await attempt(call)
            guard call.method == "GET", (502...504).contains(answer.status) else { return answer }
        } catch Failure.connection where call.method == "GET" {
            // Once more, below.
        } catch {
            throw Self.unavailable(error)
        }
        do {
            return try await attempt(call)
        } catch {
            throw Self.unavailable(error)
        }
    }

    private enum Failure: Error {
        case connection
        case tooLate
        case tooLarge
        case redirect
    }

    private func attempt(_ call: TransportCall) async throws -> TransportAnswer {
        try await withThrowingTaskGroup(of: TransportAnswer.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await exchange(call) }
            group.addTask {
                try await Task.sleep(for: timeMax)
                throw Failure.tooLate
            }
            guard let first = try await group.next() else { throw Failure.connection }
            return first
        }
    }

    private func exchange(_ call: TransportCall) async throws -> TransportAnswer {
        var request = HTTPClientRequest(url: call.uri)
        request.method = HTTPMethod(rawValue: call.method)
        for header in call.headers { request.headers.add(name: header.name, value: header.value) }
        if let body = call.body { request.body = .bytes(ByteBuffer(bytes: body)) }
        do {
            let response = try await http.execute(request, deadline: .distantFuture)
            guard response.history.count <= 1, !(300...399).contains(response.status.code) else { throw Failure.redirect }
            let body = try await response.body.collect(upTo: bytesMax)
            return TransportAnswer(
                status: Int(response.status.code), cacheControl: response.headers.first(name: "Cache-Control"),
                retryAfter: response.headers.first(name: "Retry-After"), fields: response.headers.map { ($0.name, $0.value) },
                body: Array(body.readableBytesView))
        } catch is NIOTooManyBytesError {
            throw Failure.tooLarge
        } catch let failure as Failure {
            throw failure
        } catch let error as CancellationError {
            throw error
        } catch {
            // Whatever it is: its words may hold the address, and nothing of them helps a caller.
            throw Failure.connection
        }
    }

    private static func unavailable(_ error: any Error) -> any Error {
        switch error {
        case Failure.connection: GatehouseError.unavailable("no answer")
        case Failure.tooLate: GatehouseError.unavailable("no answer in time")
        case Failure.tooLarge: GatehouseError.unavailable("an answer that is too large")
        case Failure.redirect: GatehouseError.unavailable("a redirect, which is not followed")
        default: error
        }
    }
}
