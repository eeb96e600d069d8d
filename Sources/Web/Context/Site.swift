/// What every page and answer needs to know about the address this server is reached at.
package struct Site: Sendable {
    /// The issuer identifier, without a trailing slash (RFC 8414 §2).
    package let issuer: String
    /// Scheme, host and port of the issuer, as a browser writes them in `Origin` (RFC 6454 §6.2).
    package let origin: String
    /// The issuer's path, without a trailing slash; empty for most.
    package let path: String
    /// Whether browsers reach this server by https: cookies are then `Secure` and HSTS is sent.
    package let isSecure: Bool
    /// The name that people read on the pages.
    package let name: String
    /// The version shown on the home page; may be empty.
    package let version: String

    /// `Strict-Transport-Security` (RFC 6797 §6.1), sent where ``isSecure``.
    package let transportSecurity: String

    /// - Parameters:
    ///   - issuer: An absolute http or https URL; a trailing slash is dropped.
    ///   - transportSecurity: by default a year. Subdomains are the operator's business, not ours.
    package init(issuer: String, name: String = "Gatehouse", version: String = "", transportSecurity: String = "max-age=31536000") {
        self.transportSecurity = transportSecurity
        var text = Substring(issuer)
        while text.utf8.last == UInt8(ascii: "/") { text = text.dropLast() }
        self.issuer = String(text)
        self.name = name
        self.version = version
        let scheme = text.prefix { $0 != ":" }.lowercased()
        isSecure = scheme == "https"
        let rest = text.dropFirst(scheme.count).drop { $0 == ":" || $0 == "/" }
        let authority = rest.prefix { $0 != "/" }
        path = String(rest.dropFirst(authority.count))
        // Browsers leave out the default port and lower-case the host (RFC 6454 §4).
        var host = authority.lowercased()
        let defaultPort = isSecure ? ":443" : ":80"
        if host.hasSuffix(defaultPort) { host.removeLast(defaultPort.count) }
        origin = scheme + "://" + host
    }
}
