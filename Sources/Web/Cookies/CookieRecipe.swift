import HTTPTypes
import Hummingbird
import Runtime

/// How one of our cookies is named, set and read.
///
/// Under https it carries the `__Host-` prefix (RFC 6265bis §4.1.3.2): no other host and no plain-http page can plant it. On plain-http localhost, where
/// browsers refuse the prefix, the bare name is used.
package struct CookieRecipe: Sendable {
    package let name: String
    private let attributes: String

    package init(name: String, site: Site) {
        self.init(
            fullName: (site.isSecure ? "__Host-" : "") + name,
            attributes: "; Path=/; HttpOnly; SameSite=Lax" + (site.isSecure ? "; Secure" : ""))
    }

    private init(fullName: String, attributes: String) {
        name = fullName
        self.attributes = attributes
    }

    /// The cookie of a signed-in session.
    package static func session(_ site: Site) -> CookieRecipe { CookieRecipe(name: "gatehouse_session", site: site) }

    /// The cookie that ties forms to a browser before anyone has signed in.
    package static func browser(_ site: Site, of value: String) -> CookieRecipe {
        CookieRecipe(name: "gatehouse_browser_" + value.prefix(2), site: site)
    }

    /// The cookie that a browser keeps of a name that has signed in there.
    package static func device(_ site: Site, of tag: String) -> CookieRecipe { CookieRecipe(name: "gatehouse_device_" + tag, site: site) }

    /// - Parameters:
    ///   - value: Letters, digits, `-`, `_` and `.` only (a token of ours).
    ///   - maxAge: How long the browser keeps it; nil until the browser closes.
    /// - Returns: A `Set-Cookie` field.
    package func set(_ value: String, maxAge: Duration? = nil) -> HTTPField {
        assert(value.utf8.allSatisfy(Self.isPlain), "cookie values are tokens of ours")
        let age = maxAge.map { "; Max-Age=\(max(0, $0.components.seconds))" } ?? ""
        return HTTPField(name: .setCookie, value: name + "=" + value + attributes + age)
    }

    /// - Returns: A `Set-Cookie` field that makes the browser forget the cookie.
    package func clear() -> HTTPField {
        HTTPField(name: .setCookie, value: name + "=" + attributes + "; Max-Age=0")
    }

    /// - Returns: The value; nil when absent, empty, over-long, oddly written, or sent twice (somebody planted a second one).
    package func read(_ request: Request) -> String? { read(request.headers) }

    /// As above, from the header fields alone.
    package func read(_ headers: HTTPFields) -> String? {
        pairs(headers).first { $0.name == name }?.value
    }

    /// - Returns: The cookies whose names begin with this one's, at most `countMax`, by the rules of ``read(_:)``; in the order of their names.
    func readFamily(_ request: Request, countMax: Int) -> [(name: String, value: String)] {
        Array(pairs(request.headers).sorted { $0.name < $1.name }.prefix(countMax))
    }

    /// - Returns: As ``readFamily(_:countMax:)``, with what it takes to set or clear each.
    package func family(_ request: Request, countMax: Int) -> [(recipe: CookieRecipe, value: String)] {
        readFamily(request, countMax: countMax).map { (CookieRecipe(fullName: $0.name, attributes: attributes), $0.value) }
    }

    /// The well-written cookies whose names begin with this one's, without those sent twice.
    private func pairs(_ headers: HTTPFields) -> [(name: String, value: String)] {
        var found: [String: Substring.UTF8View] = [:]
        var repeated: Set<String> = []
        for field in headers where field.name == .cookie {
            for pair in field.value.utf8.split(separator: UInt8(ascii: ";")) {
                let pair = pair.drop { $0 == UInt8(ascii: " ") }
                guard pair.starts(with: name.utf8), let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
                let name = String(Substring(pair[..<equals]))
                if found.updateValue(pair[pair.index(after: equals)...], forKey: name) != nil { repeated.insert(name) }
            }
        }
        return found.compactMap { name, value in
            guard !repeated.contains(name), !value.isEmpty, value.count <= Self.valueBytesMax, value.allSatisfy(Self.isPlain) else {
                return nil
            }
            return (name, String(Substring(value)))
        }
    }

    private static let valueBytesMax = 1_024

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
