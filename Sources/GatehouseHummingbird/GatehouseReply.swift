import GatehouseClient
import HTTPTypes
import Hummingbird
import NIOCore

/// What a caller hears instead of an answer: an error after RFC 6750 §3, as JSON, with a challenge where one belongs.
struct GatehouseReply: HTTPResponseError {
    let status: HTTPResponse.Status
    /// Nil: nothing was presented, so the challenge says only what is expected (RFC 6750 §3.1).
    private let code: String?
    private let words: String
    private var retryAfterSeconds: Int64?

    private init(_ status: HTTPResponse.Status, _ code: String?, _ words: String, retryAfterSeconds: Int64? = nil) {
        self.status = status
        self.code = code
        self.words = words
        self.retryAfterSeconds = retryAfterSeconds
    }

    static let missing = GatehouseReply(.unauthorized, nil, "Authentication is required.")
    static let ambiguous = GatehouseReply(.badRequest, "invalid_request", "There is more than one proof of who calls.")
    static let tooLarge = GatehouseReply(.contentTooLarge, "payload_too_large", "The body of the signed request is too large.")

    /// The caller learns that a credential is no good, never why: the log knows.
    init(_ error: GatehouseError) {
        switch error {
        case .refused:
            self.init(.unauthorized, "invalid_token", "The credential is not valid.")
        case .insufficientScope:
            self.init(.forbidden, "insufficient_scope", "The credential lacks a scope.")
        case .rateLimited(let retryAfter):
            self.init(
                .tooManyRequests, "too_many_requests", "There were too many requests.",
                retryAfterSeconds: max(1, retryAfter.components.seconds))
        case .unavailable:
            self.init(.serviceUnavailable, "temporarily_unavailable", "Please try again.", retryAfterSeconds: 5)
        case .rejected, .misconfigured:
            self.init(.internalServerError, "server_error", "The service can't authenticate callers.")
        }
    }

    /// - Parameter takesProofs: whether tokens that are bound to a key are accepted, too.
    func reply(scopes: [String], takesProofs: Bool = false) -> Response {
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        if [401, 403].contains(status.code) || (status == .badRequest && code != nil) {
            headers[.wwwAuthenticate] = challenge(scopes: scopes) + (takesProofs ? Self.proofChallenge : "")
        }
        if let retryAfterSeconds { headers[.retryAfter] = "\(retryAfterSeconds)" }
        // All of these are words of ours, without anything that would need an escape.
        let body = #"{"error":"\#(code ?? "invalid_token")","error_description":"\#(words)"}"#
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: body)))
    }

    /// For a handler that throws it.
    func response(from request: Request, context: some RequestContext) throws -> Response {
        reply(scopes: [])
    }

    /// RFC 9449 §7.2: beside that of bearers.
    private static let proofChallenge = #", DPoP realm="gatehouse", algs="ES256 EdDSA PS256 RS256""#

    /// RFC 6750 §3
    private func challenge(scopes: [String]) -> String {
        var parts = [#"realm="gatehouse""#]
        if let code { parts += [#"error="\#(code)""#, #"error_description="\#(words)""#] }
        // A scope token holds neither quotes nor backslashes (RFC 6749 §3.3); one that does is a mistake of the service's own.
        let listed = scopes.filter { $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C } }
        if !listed.isEmpty { parts.append(#"scope="\#(listed.joined(separator: " "))""#) }
        return "Bearer " + parts.joined(separator: ", ")
    }
}
