import HTTPTypes
import Hummingbird
import Keys
import OAuthProtocol
import Runtime

/// 256 random bits in a cookie that tell one browser from another before anybody has signed in: forms and stored requests are bound to them.
package struct BrowserBinding: Sendable {
    /// The cookie's value: 43 base64url characters.
    package let value: String
    /// The `Set-Cookie` field to answer with; nil when the browser already had its cookie.
    package let newCookie: HTTPField?

    /// Takes the browser's binding from its cookie, or makes one. All tabs of a browser share it.
    package static func readOrCreate(_ request: Request, site: Site, randomness: some Randomness) -> BrowserBinding {
        if let value = read(request, site: site) { return BrowserBinding(value: value, newCookie: nil) }
        let value = Base64URL.encode(randomness.bytes(bytesCount))
        return BrowserBinding(value: value, newCookie: CookieRecipe.browser(site).set(value))
    }

    /// - Returns: The binding that the browser sent; nil when it sent none of ours.
    package static func read(_ request: Request, site: Site) -> String? {
        guard let value = CookieRecipe.browser(site).read(request), Base64URL.decode(value)?.count == bytesCount else { return nil }
        return value
    }

    private static let bytesCount = 32
}

extension BrowserBinding: CustomStringConvertible {
    package var description: String { "…" }
}
