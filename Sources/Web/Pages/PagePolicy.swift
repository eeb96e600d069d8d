/// What a page may load and where its forms may lead: the changing part of its Content-Security-Policy (CSP Level 3).
package struct PagePolicy: Sendable {
    /// Applications list few addresses; what is beyond would make a header that proxies refuse.
    package static let formTargetsMax = 16

    private let images: [String]
    private let formTargets: [String]
    private let runsFormPost: Bool
    /// Whether the page is cut off from the window that opened it.
    let isIsolated: Bool

    /// - Parameters:
    ///   - imageURIs: Where images come from, besides this site: the client's logo.
    ///   - formTargetURIs: Where the page's forms may end up, the proven redirect URI first, or browsers block the way back. Chromium holds
    ///     every redirect that follows a form against it, so the application's other registered addresses belong here, too.
    ///   - runsFormPost: Whether the page runs `form-post.js`.
    ///   - isIsolated: False for `display=popup`: the application that opened the window waits for word from it.
    package init(imageURIs: [String] = [], formTargetURIs: [String] = [], runsFormPost: Bool = false, isIsolated: Bool = true) {
        images = imageURIs.compactMap(Self.source)
        formTargets = Self.formTargets(formTargetURIs)
        self.runsFormPost = runsFormPost
        self.isIsolated = isIsolated
    }

    /// The value of the Content-Security-Policy field.
    package var headerValue: String {
        var value = "default-src 'none'; style-src 'self'; img-src 'self' data:"
        for image in images { value += " " + image }
        if runsFormPost { value += "; script-src 'self'" }
        value += "; form-action 'self'"
        for target in formTargets { value += " " + target }
        return value + "; base-uri 'none'; frame-ancestors 'none'"
    }

    /// The sources that cover addresses, each once, the first ``formTargetsMax``. Of sources they are the same again.
    package static func formTargets(_ uris: [String]) -> [String] {
        var targets: [String] = []
        for case let target? in uris.lazy.map(source) where !targets.contains(target) {
            targets.append(target)
            if targets.count == formTargetsMax { break }
        }
        return targets
    }

    /// The source expression (CSP §2.3.1) that covers a URI: its origin, or its scheme where it has no host that CSP can express.
    /// - Returns: Nil when the text isn't a URI or could break out of the field.
    static func source(_ uri: String) -> String? {
        let scheme = uri.utf8.prefix { $0 != UInt8(ascii: ":") }
        guard scheme.count < uri.utf8.count, let first = scheme.first, first | 0x20 >= UInt8(ascii: "a"), first | 0x20 <= UInt8(ascii: "z"),
            scheme.allSatisfy({ isLetterOrDigit($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") })
        else { return nil }
        let name = String(Substring(scheme)).lowercased()
        guard name == "http" || name == "https" else { return dangerous.contains(name) ? nil : name + ":" }
        guard uri.utf8.dropFirst(scheme.count).starts(with: "://".utf8) else { return nil }
        let authority = uri.utf8.dropFirst(scheme.count + 3)
            .prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        // CSP has no notation for IPv6 literals; only `[::1]` of loopback clients comes here.
        if authority.first == UInt8(ascii: "[") { return name + ":" }
        guard !authority.isEmpty,
            authority.allSatisfy({
                isLetterOrDigit($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ":")
            })
        else { return nil }
        return name + "://" + String(Substring(authority)).lowercased()
    }

    private static let dangerous: Set<String> = ["javascript", "data", "blob", "filesystem", "vbscript", "about"]

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}
