import FoundationEssentials
import HTTPTypes
import Hummingbird
import OAuthProtocol
import Runtime
import Web

/// Puts a verdict into an answer that the proxy understands.
struct ForwardAuthReply {
    let passesAnswersOn: Bool

    /// - Parameter identity: what the service behind is told.
    func allowed(_ identity: HTTPFields) -> Response {
        var fields = identity
        fields[.cacheControl] = "no-store"
        return Response(status: .ok, headers: fields)
    }

    /// - Parameter signIn: where the browser signs in; nil for everything that is no browser, or where none is served.
    func unproven(_ error: OAuthError, signIn: String?) -> Response {
        guard let signIn else { return reply(error, status: .unauthorized, reason: error.code.rawValue) }
        guard passesAnswersOn else {
            // nginx passes no redirect on: its configuration makes one of this (`error_page 401`).
            var response = reply(error, status: .unauthorized, reason: "sign_in")
            response.headers[.gatehouseSignIn] = signIn
            return response
        }
        var fields: HTTPFields = [:]
        fields[.location] = signIn
        fields[.cacheControl] = "no-store"
        fields[.gatehouseReason] = "sign_in"
        return Response(status: .found, headers: fields)
    }

    func refused(_ refusal: ForwardAuthRefusal) -> Response {
        let words = Self.words(refusal)
        let error: OAuthError =
            switch refusal.reason {
            case .scope: .insufficientScope(scope: refusal.scope ?? "")
            case .rateLimited: .tooManyRequests(retryAfter: refusal.retryAfter ?? .seconds(1))
            case .malformed, .path: .invalidRequest(words)
            default: .forbidden(words)
            }
        // A question that can't be read is the proxy's mistake, or an attack on it: never a pass, and for nginx no 400 either.
        let status: HTTPResponse.Status =
            switch refusal.reason {
            case .rateLimited where passesAnswersOn: .tooManyRequests
            case .malformed where passesAnswersOn, .path where passesAnswersOn: .badRequest
            default: .forbidden
            }
        return reply(error, status: status, reason: refusal.reason.rawValue, scope: refusal.scope)
    }

    /// What is not the caller's fault: nginx makes 500 of it.
    func failed(_ error: OAuthError) -> Response { ErrorReply.json(error) }

    private func reply(_ error: OAuthError, status: HTTPResponse.Status, reason: String, scope: String? = nil) -> Response {
        var json = JSONWriter()
        json.object { json in
            json.field("error", reason)
            json.field("error_description", error.publicDescription)
            json.field("scope", ifPresent: scope)
        }
        var fields: HTTPFields = [:]
        fields[.gatehouseReason] = reason
        if let challenge = error.challenge { fields[.wwwAuthenticate] = challenge.headerValue }
        if let nonce = error.dpopNonce { fields[.dpopNonce] = nonce }
        if let wanted = error.acceptSignature { fields[.acceptSignature] = wanted }
        if let wait = error.retryAfter { fields[.retryAfter] = String(Int(wait.inSeconds.rounded(.up))) }
        return Reply.json(json.bytes, status: status, headers: fields)
    }

    private static func words(_ refusal: ForwardAuthRefusal) -> String {
        switch refusal.reason {
        case .untrustedProxy: "Only the proxies in front of this server may ask here."
        case .malformed: "The proxy did not say which request it asks about, or said it twice."
        case .path: "The path can be read in more than one way."
        case .noRule, .proof, .scope, .rateLimited: "This request is not allowed here."
        case .role: "The role that is needed here is missing."
        }
    }
}
