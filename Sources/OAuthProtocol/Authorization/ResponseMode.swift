/// How an answer travels back to the client (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode).
package enum ResponseMode: String, Sendable, CaseIterable {
    case query
    case formPost = "form_post"

    /// - Throws: `invalid_request` for any other mode. `fragment` is refused with the rest: it is for response types that put
    ///   tokens into addresses, which this server doesn't have.
    package init(parsing text: String) throws(OAuthError) {
        guard let mode = ResponseMode(rawValue: text) else {
            throw .invalidRequest("The response_mode must be query or form_post.")
        }
        self = mode
    }
}
