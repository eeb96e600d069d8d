import HTTPTypes
import OAuthProtocol

/// A request that a proxy asks about, understood: what was sent, to which origin, for which path, and the rule that holds there.
struct ForwardAuthQuestion: Sendable {
    let evidence: CallerEvidence
    /// The protected origin as browsers write it.
    let origin: String
    let isSecure: Bool
    let path: ForwardAuthPath
    let rule: ForwardAuthRule

    /// - Throws: ``ForwardAuthRefusal``: malformed, of an ambiguous path, or where no rule holds.
    init(_ evidence: CallerEvidence, rules: ForwardAuthRules) throws(ForwardAuthRefusal) {
        guard let (origin, host) = Self.origin(scheme: evidence.scheme, authority: evidence.authority) else {
            throw ForwardAuthRefusal(.malformed, detail: "the host is malformed")
        }
        do {
            path = try ForwardAuthPath(requestTarget: evidence.requestTarget)
        } catch {
            throw ForwardAuthRefusal(.path, detail: "\(error)")
        }
        guard let rule = rules.find(host: host, path: path, method: evidence.method) else { throw ForwardAuthRefusal(.noRule) }
        self.evidence = evidence
        self.origin = origin
        isSecure = evidence.scheme == "https"
        self.rule = rule
    }

    /// - Returns: the origin as browsers write it, and its host in lower case; nil for anything but a host with or without a port.
    static func origin(scheme: String, authority: String) -> (origin: String, host: String)? {
        guard let uri = try? AbsoluteURI(parsing: "\(scheme)://\(authority)"), let host = uri.host, let origin = uri.origin,
            uri.rest.isEmpty, !uri.hasUserInfo
        else { return nil }
        return (origin, host)
    }

    /// Whether a person's browser is going somewhere, and can be sent to sign in; scripts and programs are told 401.
    var isNavigation: Bool {
        guard evidence.method == "GET" || evidence.method == "HEAD" else { return false }
        // Whoever shows a credential of its own is no browser.
        guard evidence.headers[.authorization] == nil else { return false }
        if let mode = evidence.headers[.secFetchMode] { return mode == "navigate" }
        return evidence.headers[.accept]?.contains("text/html") ?? false
    }
}
