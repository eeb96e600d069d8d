/// Where an answer of the authorization endpoint may be sent (RFC 6749 §3.1.2). The text is kept exactly as registered.
package struct RedirectURI: Sendable {
    package let text: String
    private let parts: AbsoluteURI

    /// - Parameter isPublicOrNative: whether a private-use scheme is allowed (RFC 8252 §7.1).
    /// - Throws: `invalid_redirect_uri` for anything but an absolute URI without fragment and user information that is https,
    ///   http on the loopback interface, or a private-use scheme.
    package init(registering text: String, isPublicOrNative: Bool = true) throws(OAuthError) {
        do {
            parts = try AbsoluteURI(parsing: text)
        } catch {
            throw .invalidRedirectURI("The redirect URI \(error.description).")
        }
        self.text = text
        // RFC 6749 §3.1.2: "The endpoint URI MUST NOT include a fragment component."
        guard !parts.hasFragment else { throw .invalidRedirectURI("The redirect URI has a fragment.") }
        guard !parts.hasUserInfo else { throw .invalidRedirectURI("The redirect URI has user information.") }
        switch parts.scheme {
        case "https":
            guard let host = parts.host, !host.isEmpty else { throw .invalidRedirectURI("The redirect URI has no host.") }
        case "http":
            guard parts.isLoopback else {
                throw .invalidRedirectURI("The redirect URI must use https, unless it is on localhost, 127.0.0.1 or [::1].")
            }
        default:
            // A dot keeps javascript:, data:, file: and their like out: RFC 8252 §7.1 demands a reversed domain name.
            guard parts.scheme.contains("."), parts.scheme.first != ".", parts.scheme.last != ".",
                !parts.rest.isEmpty || parts.host?.isEmpty == false
            else { throw .invalidRedirectURI("The redirect URI has a scheme that is not allowed.") }
            guard isPublicOrNative else {
                throw .invalidRedirectURI("Only native applications may use a private-use scheme.")
            }
        }
    }

    private init(text: String, parts: AbsoluteURI) {
        self.text = text
        self.parts = parts
    }

    /// Whether a request's `redirect_uri` is this one: the same bytes (RFC 9700 §4.1.3); the port alone is free where an
    /// http redirect is registered on a loopback address, 127.0.0.1 or [::1] (RFC 8252 §7.3). `localhost` is exact.
    package func matches(_ presented: String) -> Bool {
        resolve(presented) != nil
    }

    /// As `matches`, giving the redirect with the port that was presented.
    package func resolve(_ presented: String) -> RedirectURI? {
        // By bytes: Swift's `==` on texts holds some letters equal to others.
        if presented.utf8.elementsEqual(text.utf8) { return self }
        guard isLoopbackAddress, let other = try? AbsoluteURI(parsing: presented) else { return nil }
        guard other.scheme == parts.scheme, other.host == parts.host, other.rest == parts.rest, !other.hasUserInfo, !other.hasFragment
        else { return nil }
        return RedirectURI(text: presented, parts: other)
    }

    /// Scheme, host and port for `form-action` and CORS; nil for a private-use scheme.
    package var origin: String? { parts.origin }

    /// What a Content-Security-Policy must name for a form to end here: the origin, or `scheme:`.
    package var contentSecurityPolicySource: String { origin ?? "\(parts.scheme):" }

    /// What a person may be shown: the host, or the private-use scheme.
    package var displayName: String { isPrivateUseScheme ? parts.scheme : parts.host ?? parts.scheme }

    /// On this machine: http on 127.0.0.1, [::1] or localhost.
    package var isLoopback: Bool { parts.scheme == "http" && parts.isLoopback }

    package var isPrivateUseScheme: Bool { parts.scheme != "https" && parts.scheme != "http" }

    private var isLoopbackAddress: Bool { isLoopback && parts.host != "localhost" }

    /// This URI with parameters added to its query, which is kept (RFC 6749 §3.1.2).
    package func appending(_ parameters: [(String, String)]) -> String {
        guard !parameters.isEmpty else { return text }
        let separator: String
        if let query = text.utf8.firstIndex(of: UInt8(ascii: "?")) {
            let isOpen = text.utf8.index(after: query) == text.utf8.endIndex || text.utf8.last == UInt8(ascii: "&")
            separator = isOpen ? "" : "&"
        } else {
            separator = "?"
        }
        return text + separator + Parameters.encode(parameters)
    }
}

extension RedirectURI: Hashable, CustomStringConvertible {
    package static func == (a: RedirectURI, b: RedirectURI) -> Bool { a.text == b.text }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(text)
    }

    package var description: String { text }
}
