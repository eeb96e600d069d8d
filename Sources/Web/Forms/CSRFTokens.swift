import Crypto
import Hummingbird
import OAuthProtocol

/// Makes and checks the token that proves a form came from a page of ours, shown to this browser.
///
/// The token is an HMAC of what the browser's cookie says (a session or a `BrowserBinding`), so nothing is stored and several tabs work at once.
package struct CSRFTokens: Sendable {
    /// The form field that carries the token.
    package static let fieldName = "csrf_token"

    /// The first makes tokens, all are accepted: nodes may hold their master keys in another order while they are changed.
    private let keys: [SymmetricKey]

    package init(key: SymmetricKey) {
        self.init(keys: [key])
    }

    package init(keys: [SymmetricKey]) {
        precondition(!keys.isEmpty, "there is always a master key")
        self.keys = keys
    }

    /// - Parameter binding: What ties the form to the browser: the value of its session cookie or of its `BrowserBinding`.
    package func token(for binding: String) -> String {
        Base64URL.encode(code(binding, keys[0]))
    }

    /// - Throws: `OAuthError` `forbidden` when the token is missing or another browser's.
    package func check(_ presented: String?, binding: String?) throws(OAuthError) {
        guard let binding, !binding.isEmpty else {
            throw Self.refusal("the browser sent no cookie to bind the form to")
        }
        guard isRight(presented, binding: binding) else {
            throw Self.refusal("the form's token is missing or isn't this browser's")
        }
    }

    /// Checks both what the browser says about the sender and the token itself: the one call that a form handler makes.
    /// - Throws: `OAuthError` `forbidden`.
    package func check(
        _ form: OAuthProtocol.Parameters, _ request: Request, binding: String?, site: Site
    ) throws(OAuthError) {
        try FormOrigin.check(request, site: site)
        try check(try form.optional(Self.fieldName), binding: binding)
    }

    /// As above, for a form shown to a browser rather than to a person.
    /// - Returns: The browser.
    package func check(
        _ form: OAuthProtocol.Parameters, _ request: Request, browser: BrowserBinding?, site: Site
    ) throws(OAuthError) -> BrowserBinding {
        try FormOrigin.check(request, site: site)
        let presented = try form.optional(Self.fieldName)
        guard let browser else { throw Self.refusal("the browser sent no cookie to bind the form to") }
        guard browser.values.contains(where: { isRight(presented, binding: $0) }) else {
            throw Self.refusal("the form's token is missing or isn't this browser's")
        }
        return browser
    }

    /// Whether a form's token is the one of this binding; the caller has checked the origin.
    package func isRight(_ presented: String?, binding: String) -> Bool {
        guard let presented, let bytes = Base64URL.decode(presented) else { return false }
        return keys.reduce(false) { $0 || ConstantTime.equal(bytes, Array(code(binding, $1))) }
    }

    private func code(_ binding: String, _ key: SymmetricKey) -> HMAC<SHA256>.MAC {
        var hmac = HMAC<SHA256>(key: key)
        hmac.update(data: Array("csrf:".utf8))
        hmac.update(data: Array(binding.utf8))
        return hmac.finalize()
    }

    private static func refusal(_ reason: String) -> OAuthError {
        .forbidden("This form has expired or was not sent from this site.", reason: reason)
    }
}
