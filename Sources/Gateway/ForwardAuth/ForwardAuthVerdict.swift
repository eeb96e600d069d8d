import OAuthProtocol

/// What the door answers, whichever proxy asked.
enum ForwardAuthVerdict: Sendable {
    /// Nil: an anonymous request where those are let in.
    case allowed(Caller?)
    /// Nobody has proven who they are, or the proof does not hold.
    case unproven(OAuthError)
    case refused(ForwardAuthRefusal)
}

/// Why somebody who may be who they like does not pass.
struct ForwardAuthRefusal: Error, Sendable, Equatable {
    /// A closed list: the reasons of the audit log, of `X-Gatehouse-Reason` and of the answer's `error`.
    enum Reason: String, Sendable, CaseIterable {
        /// The one that asked is none of our proxies.
        case untrustedProxy = "untrusted_proxy"
        /// The proxy's fields are missing, doubled, too long or malformed.
        case malformed = "malformed_request"
        /// The path has more than one reading.
        case path = "ambiguous_path"
        /// No rule is about this place.
        case noRule = "no_rule"
        case scope = "insufficient_scope"
        case role = "insufficient_role"
        /// Of a kind that the rule does not take.
        case proof = "proof_not_accepted"
        case rateLimited = "rate_limited"
    }

    let reason: Reason
    /// The scopes that are needed.
    var scope: String?
    var retryAfter: Duration?
    /// For the log.
    var detail: String?

    init(_ reason: Reason, scope: String? = nil, retryAfter: Duration? = nil, detail: String? = nil) {
        self.reason = reason
        self.scope = scope
        self.retryAfter = retryAfter
        self.detail = detail
    }
}
