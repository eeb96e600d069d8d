import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird
import OAuthProtocol
import Runtime
import Web

/// Remembers in the browser which names have signed in there ("device cookies", OWASP), so that guessing elsewhere can't keep
/// a person out: attempts in a browser that knows the account have an allowance of their own.
///
/// Nothing is stored here. The cookie is `issued.nonce.code`; the code is an HMAC of these and the name, which the cookie doesn't hold, and the
/// nonce is the browser's key among the limits. It proves nothing else: whoever steals it may guess as often as a stranger, on an allowance apart.
package struct DeviceCookies: Sendable {
    static let lifetime: Duration = .days(180)
    /// Names that one browser is remembered for; the oldest gives way, so that a shared computer's cookies stay few.
    static let countMax = 6

    /// The first makes cookies, all are accepted: nodes may hold their master keys in another order while they are changed.
    private let keys: [SymmetricKey]
    private let site: Site

    package init(keys: [SymmetricKey], site: Site) {
        precondition(!keys.isEmpty, "there is always a master key")
        self.keys = keys
        self.site = site
    }

    /// - Returns: what the limits call this browser; nil unless this name has signed in here before.
    func find(_ login: String, _ request: Request, now: Date) -> String? {
        let name = login.lowercased()
        for key in keys {
            guard let value = recipe(name, key).read(request), let mark = Mark(value), mark.isValid(now: now) else { continue }
            if ConstantTime.equal(mark.code, Array(code(mark.issuedAt, mark.nonce, name, key))) { return mark.nonce }
        }
        return nil
    }

    /// This name has signed in here.
    /// - Returns: `Set-Cookie` fields.
    func remember(_ login: String, _ request: Request, randomness: some Randomness, now: Date) -> [HTTPField] {
        let name = login.lowercased()
        let nonce = Base64URL.encode(randomness.bytes(16))
        let mine = recipe(name, keys[0])
        let code = code(now.numericDate, nonce, name, keys[0])
        var fields = [mine.set("\(now.numericDate).\(nonce).\(Base64URL.encode(code))", maxAge: Self.lifetime)]
        let others = CookieRecipe.device(site, of: "").family(request, countMax: 100).filter { $0.recipe.name != mine.name }
        let oldestFirst = others.sorted { (Mark($0.value)?.issuedAt ?? 0) < (Mark($1.value)?.issuedAt ?? 0) }
        fields += oldestFirst.prefix(max(0, others.count - (Self.countMax - 1))).map { $0.recipe.clear() }
        return fields
    }

    /// A cookie's value, taken apart and not yet believed.
    private struct Mark {
        let issuedAt: Int
        let nonce: String
        let code: [UInt8]

        init?(_ value: String) {
            let parts = value.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 3, let issuedAt = Int(parts[0]), parts[1].utf8.count == 22, let code = Base64URL.decode(parts[2]) else {
                return nil
            }
            self.issuedAt = issuedAt
            nonce = String(parts[1])
            self.code = code
        }

        func isValid(now: Date) -> Bool {
            let age = now.timeIntervalSince1970 - Double(issuedAt)
            return age > -60 && age < DeviceCookies.lifetime.inSeconds
        }
    }

    /// Named after the name that signed in, unreadably.
    private func recipe(_ name: String, _ key: SymmetricKey) -> CookieRecipe {
        let tag = HMAC<SHA256>.authenticationCode(for: Array("name:\(name)".utf8), using: key)
        return CookieRecipe.device(site, of: Base64URL.encode(tag.prefix(6)))
    }

    private func code(_ issuedAt: Int, _ nonce: String, _ name: String, _ key: SymmetricKey) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Array("device:\(issuedAt).\(nonce).\(name)".utf8), using: key)
    }
}
