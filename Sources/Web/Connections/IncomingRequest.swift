import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// A request as it arrives: its head, and what has come of its body.
struct IncomingRequest {
    let persistence: Persistence
    let expectsContinue: Bool
    private let head: HTTPRequest
    private var body = ByteBuffer()
    /// The longest body that is accepted, once it has been exceeded.
    private var exceededBytesMax: Int?

    /// - Returns: nil for a head that RFC 9112 §3.2 or §5 refuses: not exactly one Host, or a method or field name that is none.
    init?(_ head: HTTPRequestHead) {
        let hosts = head.headers.count { $0.name.utf8.count == 4 && $0.name.lowercased() == "host" }
        guard hosts == 1 || (hosts == 0 && head.version != .http1_1), let converted = Self.convert(head) else { return nil }
        self.head = converted
        persistence = !head.isKeepAlive ? .close : head.version == .http1_1 ? .implied : .keepAlive
        // RFC 9110 §10.1.1: the client waits for an answer to this before it sends the body.
        expectsContinue = converted.headerFields[.expect]?.lowercased() == "100-continue"
    }

    /// - Returns: false when the body is too long now; then nothing of it is kept.
    mutating func append(_ part: ByteBuffer, bytesMax: Int) -> Bool {
        guard body.readableBytes + part.readableBytes <= bytesMax else {
            body = ByteBuffer()
            exceededBytesMax = bytesMax
            return false
        }
        if body.readableBytes == 0 {
            body = part
        } else {
            body.writeImmutableBuffer(part)
        }
        return true
    }

    var request: Request {
        if let exceededBytesMax { return Request(head: head, body: RequestBody(asyncSequence: OversizeBody(bytesMax: exceededBytesMax))) }
        return Request(head: head, body: RequestBody(buffer: body))
    }

    private static func convert(_ head: HTTPRequestHead) -> HTTPRequest? {
        // An absolute target (RFC 9112 §3.2.2) is for the library; what starts with a slash needs no parser.
        guard head.uri.utf8.first == UInt8(ascii: "/") else { return try? HTTPRequest(head, secure: false, splitCookie: false) }
        guard let method = method(head.method) else { return nil }
        return HTTPRequest(
            method: method, scheme: "http", authority: head.headers.first(name: "host"), path: head.uri,
            headerFields: HTTPFields(head.headers, splitCookie: false))
    }

    private static func method(_ method: HTTPMethod) -> HTTPRequest.Method? {
        switch method {
        case .GET: .get
        case .POST: .post
        default: HTTPRequest.Method(method.rawValue)
        }
    }
}

/// Stands for a body of which nothing was kept, since it was too long.
private struct OversizeBody: AsyncSequence, Sendable {
    struct AsyncIterator: AsyncIteratorProtocol {
        let bytesMax: Int

        func next() async throws -> ByteBuffer? { throw NIOTooManyBytesError(maxBytes: bytesMax) }
    }

    let bytesMax: Int

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(bytesMax: bytesMax) }
}
