import HTTPTypes
import Hummingbird
import NIOCore
import OAuthProtocol

/// Reads what a client or a browser sent: form bodies and queries, both strictly and within bounds.
package enum Form {
    /// Bodies above this are refused with 413.
    package static let bodyBytesMax = 65_536
    /// Queries above this are refused with 400.
    package static let queryBytesMax = 32_768

    /// Reads a form body (RFC 6749 §3.2, appendix B).
    /// - Throws: `OAuthError`: `payload_too_large` above 64 KiB, `invalid_request` for another content type or a malformed body.
    package static func read(_ request: Request, _ context: GatehouseContext) async throws -> OAuthProtocol.Parameters {
        let buffer = try await body(request, bytesMax: context.maxUploadSize)
        if let type = request.headers[.contentType] {
            try checkContentType(type)
        } else if buffer.readableBytes > 0 {
            // Without a body there is nothing whose type could be wrong.
            throw OAuthError.invalidRequest("The body must be application/x-www-form-urlencoded.")
        }
        return try OAuthProtocol.Parameters(urlEncoded: buffer.readableBytesView)
    }

    /// Whether the body is said to be JSON. Parameters of the type mean nothing (RFC 8259 §11).
    package static func saysJSON(_ request: Request) -> Bool {
        guard let type = request.headers[.contentType] else { return false }
        return type == "application/json" || type.lowercased().prefix { $0 != ";" }.trimmed == "application/json"
    }

    /// Reads a body of any type, up to `bytesMax`.
    /// - Throws: `OAuthError` `payload_too_large`.
    package static func body(_ request: Request, bytesMax: Int = bodyBytesMax) async throws -> ByteBuffer {
        if let length = request.headers[.contentLength].flatMap(Int.init), length > bytesMax { throw tooLarge }
        do {
            // Nearly always it is there in one piece; the library's `collect` comes to it through five calls that might wait.
            var parts = request.body.makeAsyncIterator()
            var body = try await parts.next() ?? ByteBuffer()
            guard body.readableBytes <= bytesMax else { throw tooLarge }
            while var part = try await parts.next() {
                guard body.readableBytes + part.readableBytes <= bytesMax else { throw tooLarge }
                body.writeBuffer(&part)
            }
            return body
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
    }

    /// Reads the query.
    /// - Throws: `OAuthError` `invalid_request` for a malformed or over-long query.
    package static func query(_ request: Request) throws(OAuthError) -> OAuthProtocol.Parameters {
        let query = request.uri.query ?? ""
        guard query.utf8.count <= queryBytesMax else { throw OAuthError.invalidRequest("The query is too long.") }
        // RFC 3986 §2: everything outside ASCII arrives percent-encoded.
        guard query.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw OAuthError.invalidRequest("The query contains characters that must be percent-encoded.")
        }
        return try OAuthProtocol.Parameters(urlEncoded: Array(query.utf8))
    }

    private static var tooLarge: OAuthError { .payloadTooLarge("The request body is larger than 64 KiB.") }

    /// `application/x-www-form-urlencoded`, alone or with `charset=utf-8`.
    private static func checkContentType(_ text: String) throws(OAuthError) {
        if text == "application/x-www-form-urlencoded" { return }
        let parts = text.lowercased().split(separator: ";", omittingEmptySubsequences: false).map { $0.trimmed }
        guard parts.first == "application/x-www-form-urlencoded",
            parts.dropFirst().allSatisfy({ $0 == "charset=utf-8" || $0 == "charset=\"utf-8\"" || $0 == "" })
        else { throw OAuthError.invalidRequest("The body must be application/x-www-form-urlencoded.") }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
