import OAuthProtocol

/// Which requests a rule is about: a host, or all below a domain; a path, or all below one.
package struct ForwardAuthPlace: Sendable {
    package enum Host: Sendable, Equatable {
        /// In lower case. The port says where browsers come back to; rules hold for every port, since the sender chooses what it writes there.
        case exact(String, port: Int?)
        /// Everything below a domain, but not the domain itself: `.example.org`.
        case below(String)

        /// - Returns: nil unless the text is a host, a host with a port, or `*.` and a domain.
        package init?(parsing text: String) {
            let isBelow = text.hasPrefix("*.")
            guard let uri = try? AbsoluteURI(parsing: "https://" + (isBelow ? text.dropFirst(2) : text[...])), let host = uri.host,
                !host.isEmpty, uri.rest.isEmpty, !uri.hasUserInfo
            else { return nil }
            if isBelow {
                guard uri.port == nil, host.utf8.contains(UInt8(ascii: ".")), host.contains(where: \.isLetter), !host.hasPrefix("[") else {
                    return nil
                }
                self = .below("." + host)
            } else {
                self = .exact(host, port: uri.port)
            }
        }

        func matches(_ host: String) -> Bool {
            switch self {
            case .exact(let own, _): host.utf8.elementsEqual(own.utf8)
            case .below(let suffix): host.utf8.count > suffix.utf8.count && host.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
            }
        }
    }

    package enum Path: Sendable, Equatable {
        case any
        case exact(ForwardAuthPath)
        /// This path and everything below it; without the closing slash.
        case below(ForwardAuthPath)

        /// - Returns: nil unless the text is a path, or a path that ends in `/*`. Elsewhere an asterisk has no meaning, and is refused.
        package init?(parsing text: String) {
            if text == "/*" {
                self = .any
                return
            }
            let isBelow = text.hasSuffix("/*")
            let bare = isBelow ? String(text.dropLast(2)) : text
            guard !bare.contains("*"), !bare.contains("?"), !isBelow || !bare.hasSuffix("/"),
                let path = try? ForwardAuthPath(requestTarget: bare)
            else { return nil }
            self = isBelow ? .below(path) : .exact(path)
        }

        func matches(_ path: ForwardAuthPath) -> Bool {
            switch self {
            case .any: true
            case .exact(let own): path.bytes == own.bytes
            case .below(let own):
                path.bytes.starts(with: own.bytes)
                    && (path.bytes.count == own.bytes.count || path.bytes[own.bytes.count] == UInt8(ascii: "/"))
            }
        }
    }

    package var host: Host
    package var path: Path
    /// Empty: every method. GET includes HEAD (RFC 9110 §9.3.2).
    package var methods: Set<String>

    package init(host: Host, path: Path = .any, methods: Set<String> = []) {
        self.host = host
        self.path = path
        self.methods = methods.contains("GET") ? methods.union(["HEAD"]) : methods
    }

    /// Whether every request that is at the other place is at this one, too: then a rule for the other, further down, is never reached.
    package func covers(_ other: ForwardAuthPlace) -> Bool {
        guard methods.isEmpty || (!other.methods.isEmpty && methods.isSuperset(of: other.methods)) else { return false }
        let coversHost =
            switch (host, other.host) {
            case (_, .exact(let name, _)): host.matches(name)
            case (.below(let own), .below(let name)): own == name || host.matches(name)
            case (.exact, .below): false
            }
        let coversPath =
            switch (path, other.path) {
            case (.any, _): true
            case (_, .any): false
            case (_, .exact(let inner)): path.matches(inner)
            case (.below, .below(let inner)): path.matches(inner)
            case (.exact, .below): false
            }
        return coversHost && coversPath
    }
}
