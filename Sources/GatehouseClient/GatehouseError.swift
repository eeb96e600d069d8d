/// Why a call of ``GatehouseClient`` gave no result. None of these hold a secret, so all may be logged.
public enum GatehouseError: Error, Sendable, Equatable {
    /// The credential proves nothing: answer 401. The reason is for the log; whoever presented it needs no more than `invalid_token`.
    case refused(GatehouseRefusal)
    /// The caller is known but lacks one of these scopes: answer 403 (RFC 6750 §3.1).
    case insufficientScope(required: [String])
    /// The API key, or this service, has used up its allowance at the server: answer 429.
    case rateLimited(retryAfter: Duration)
    /// The server did not answer, too late, too much, or something that can't be believed: answer 503. Says what happened.
    case unavailable(String)
    /// The server refused this service itself: its credentials, its scopes or what it asked for. `code` is the server's
    /// `error` (RFC 6749 §5.2), or `unknown`.
    case rejected(code: String, status: Int)
    /// What was handed in can't be used: an issuer that is no https address, a secret that is too short. Says which.
    case misconfigured(String)
}

extension GatehouseError: CustomStringConvertible {
    /// In words, for the log.
    public var description: String {
        switch self {
        case .refused(let refusal): "refused: \(refusal.rawValue)"
        case .insufficientScope(let required): "insufficient scope: \(required.joined(separator: " "))"
        case .rateLimited(let retryAfter): "rate limited for \(retryAfter)"
        case .unavailable(let what): "Gatehouse is unavailable: \(what)"
        case .rejected(let code, let status): "Gatehouse refused this service: \(code) (\(status))"
        case .misconfigured(let what): "misconfigured: \(what)"
        }
    }
}
