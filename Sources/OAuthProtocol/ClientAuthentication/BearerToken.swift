/// An access token from `Authorization: Bearer` (RFC 6750 §2.1) or from a form (§2.2).
package struct BearerToken: Sendable {
    package let text: String

    package static let bytesMax = 16_384

    /// - Returns: nil where the header field is of another scheme.
    /// - Throws: `invalid_request` with a Bearer challenge where it isn't a token by the grammar.
    package init?(authorization field: String) throws(OAuthError) {
        guard let token = AuthorizationHeader.credentials(field, scheme: "Bearer") else { return nil }
        try self.init(parameter: String(token))
    }

    /// The `access_token` parameter of a form.
    package init(parameter text: String) throws(OAuthError) {
        guard Self.isToken(text) else {
            let description = "The bearer token is malformed."
            throw OAuthError(.invalidRequest, description, challenge: .bearer(error: .invalidRequest, description: description))
        }
        self.text = text
    }

    /// `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`
    private static func isToken(_ text: String) -> Bool {
        guard (1...bytesMax).contains(text.utf8.count) else { return false }
        var isPadding = false
        for (index, byte) in text.utf8.enumerated() {
            if byte == UInt8(ascii: "=") {
                guard index > 0 else { return false }
                isPadding = true
            } else {
                guard !isPadding, FormEncoding.isUnreserved(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/") else {
                    return false
                }
            }
        }
        return true
    }
}

extension BearerToken: CustomStringConvertible {
    package var description: String { "BearerToken(…)" }
}
