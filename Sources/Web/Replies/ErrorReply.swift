import HTTPTypes
import Hummingbird
import NIOCore
import OAuthProtocol
import Postgres
import Runtime

/// Turns whatever was thrown into the one kind of error that a client sees, and that into an answer.
package enum ErrorReply {
    /// The error answer of RFC 6749 §5.2: JSON, never stored, with the challenge (RFC 6750 §3) and Retry-After where they belong.
    package static func json(_ error: OAuthError) -> Response {
        var writer = JSONWriter()
        writer.object {
            $0.field("error", error.code.rawValue)
            $0.field("error_description", error.publicDescription)
        }
        return Reply.json(writer.bytes, status: .init(code: error.status), headers: fields(error))
    }

    /// The same error as a page for people; the page says what to do next.
    package static func page(_ error: OAuthError, pages: Pages, requestID: String) -> Response {
        do {
            var response = try pages.render(
                "Error/error", ErrorPage.model(error, requestID: requestID), status: .init(code: error.status))
            response.headers.append(contentsOf: fields(error))
            return response
        } catch {
            // Without its template the page can't be shown; the status and the words still can.
            return Response(status: .internalServerError, body: .init(byteBuffer: ByteBuffer(string: "Something went wrong.\n")))
        }
    }

    /// Decides what a client may know about an error. What isn't foreseen is a defect of ours: `server_error`, with the details for the log only.
    package static func classify(_ error: any Error) -> OAuthError {
        switch error {
        case let error as OAuthError: error
        case let error as PostgresError where error.isUnavailable || error.isRetryableConflict || error.kind == .cancelled:
            .temporarilyUnavailable(reason: String(describing: error), retryAfter: .seconds(2))
        // A row that another one refers to was removed meanwhile, by a person or an operator.
        case let error as PostgresError where error.sqlState == "23503":
            .invalidRequest("What the request refers to no longer exists.", reason: String(describing: error))
        case is NIOTooManyBytesError: .payloadTooLarge("The request body is larger than 64 KiB.")
        case is CancellationError: .temporarilyUnavailable(reason: "cancelled", retryAfter: .seconds(2))
        case let error as any HTTPResponseError: classify(error.status)
        default: .serverError(reason: String(reflecting: error))
        }
    }

    private static func classify(_ status: HTTPResponse.Status) -> OAuthError {
        switch status.code {
        case 404: .notFound()
        case 405: .methodNotAllowed()
        case 413: .payloadTooLarge("The request body is larger than 64 KiB.")
        case 503: .temporarilyUnavailable(reason: "HTTP 503", retryAfter: .seconds(2))
        case 400..<500: .invalidRequest("The request is malformed.", reason: "HTTP \(status.code)")
        default: .serverError(reason: "HTTP \(status.code)")
        }
    }

    private static func fields(_ error: OAuthError) -> HTTPFields {
        var fields: HTTPFields = [:]
        if let challenge = error.challenge {
            fields.append(HTTPField(name: .wwwAuthenticate, value: challenge.headerValue))
        }
        if let acceptSignature = error.acceptSignature {
            fields.append(HTTPField(name: .acceptSignature, value: acceptSignature))
        }
        if let nonce = error.dpopNonce {
            fields.append(HTTPField(name: .dpopNonce, value: nonce))
        }
        if let retryAfter = error.retryAfter {
            // Whole seconds, rounded up (RFC 9110 §10.2.3).
            fields.append(HTTPField(name: .retryAfter, value: String(Int(retryAfter.inSeconds.rounded(.up)))))
        }
        return fields
    }
}
