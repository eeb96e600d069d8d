import HTTPTypes
import Hummingbird
import Keys
import OAuthProtocol
import Runtime

/// 256 random bits in a cookie that tell one browser from another before anybody has signed in: forms and stored requests are bound to them.
///
/// Several tabs that open at once are all answered before the first cookie has come back. So that none of those answers undoes another, each
/// names its cookie after its value, and a browser may hold several bindings: what was begun under any of them goes on.
package struct BrowserBinding: Sendable {
    /// What new requests and forms are bound to: 43 base64url characters.
    package let value: String
    /// Every binding that the browser holds, `value` among them.
    package let values: [String]
    /// The `Set-Cookie` field to answer with; nil when the browser already had its cookie.
    package let newCookie: HTTPField?

    /// Takes the browser's binding from its cookie, or makes one. All tabs of a browser share it.
    package static func readOrCreate(_ request: Request, site: Site, randomness: some Randomness) -> BrowserBinding {
        if let held = read(request, site: site) { return held }
        let value = Base64URL.encode(randomness.bytes(bytesCount))
        return BrowserBinding(value: value, values: [value], newCookie: CookieRecipe.browser(site, of: value).set(value))
    }

    /// - Returns: The bindings that the browser sent; nil when it sent none of ours.
    package static func read(_ request: Request, site: Site) -> BrowserBinding? {
        let values = CookieRecipe.browser(site, of: "").readFamily(request, countMax: countMax)
            .filter { name, value in
                Base64URL.decode(value)?.count == bytesCount && CookieRecipe.browser(site, of: value).name == name
            }.map(\.value)
        guard let value = values.first else { return nil }
        return BrowserBinding(value: value, values: values, newCookie: nil)
    }

    /// The hash that new requests are stored under.
    package var hash: TokenHash { TokenHash(of: value) }

    /// Whether something stored under this hash was begun in this browser.
    package func holds(_ hash: TokenHash) -> Bool { values.contains { TokenHash(of: $0) == hash } }

    private static let bytesCount = 32
    private static let countMax = 16
}

extension BrowserBinding: CustomStringConvertible {
    package var description: String { "…" }
}
