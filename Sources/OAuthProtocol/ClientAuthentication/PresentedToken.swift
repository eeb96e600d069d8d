/// An access token behind `Authorization`, and how it is said to be held.
package struct PresentedToken: Sendable {
    package enum Scheme: Sendable {
        /// Whoever has it may use it, or whoever holds a certificate besides (RFC 6750 §2.1, RFC 8705 §3).
        case bearer
        /// A proof goes with it (RFC 9449 §7.1).
        case dpop
    }

    package let scheme: Scheme
    package let text: String

    /// - Returns: nil where the header field is of another scheme.
    /// - Throws: `invalid_request` with a challenge of the same scheme where it isn't a token by the grammar.
    package init?(authorization field: String) throws(OAuthError) {
        if let bearer = try BearerToken(authorization: field) {
            self.init(.bearer, bearer)
            return
        }
        guard let credentials = AuthorizationHeader.credentials(field, scheme: "DPoP") else { return nil }
        guard let token = try? BearerToken(parameter: String(credentials)) else {
            var refusal = OAuthError.invalidRequest("The access token is malformed.")
            refusal.challenge = .dpop(error: .invalidRequest)
            throw refusal
        }
        self.init(.dpop, token)
    }

    /// One that came without a scheme, in a form.
    package init(_ bearer: BearerToken) {
        self.init(.bearer, bearer)
    }

    private init(_ scheme: Scheme, _ token: BearerToken) {
        self.scheme = scheme
        text = token.text
    }
}

extension PresentedToken: CustomStringConvertible {
    package var description: String { "PresentedToken(…)" }
}
