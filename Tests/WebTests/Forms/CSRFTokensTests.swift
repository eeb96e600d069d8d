import Crypto
import HTTPTypes
import Hummingbird
import OAuthProtocol
import Testing

@testable import Web

@Suite struct CSRFTokensTests {
    let tokens = CSRFTokens(key: SymmetricKey(data: [UInt8](repeating: 7, count: 32)))
    let site = Site(issuer: "https://id.example")

    @Test("A token passes for the browser that it was made for, as often as it likes")
    func passes() throws {
        let token = tokens.token(for: "browser")
        try tokens.check(token, binding: "browser")
        try tokens.check(token, binding: "browser")
    }

    @Test("Another browser's token, a changed one, none, and one without a cookie are refused")
    func refused() {
        let token = tokens.token(for: "browser")
        let other = CSRFTokens(key: SymmetricKey(data: [UInt8](repeating: 8, count: 32))).token(for: "browser")
        let attempts: [(String?, String?)] = [
            (token, "other"), (String(token.dropLast()), "browser"), (token + "A", "browser"), ("", "browser"), (nil, "browser"),
            (token, nil), (tokens.token(for: ""), ""), (other, "browser"),
        ]
        for (presented, binding) in attempts {
            let error = #expect(throws: OAuthError.self) { try tokens.check(presented, binding: binding) }
            #expect(error?.code == .forbidden)
        }
    }

    @Test("A form with its token passes from this site")
    func form() throws {
        let form = try Parameters(urlEncoded: Array("csrf_token=\(tokens.token(for: "b"))".utf8))
        try tokens.check(form, request(site: "same-origin", origin: "https://id.example"), binding: "b", site: site)
    }

    @Test("A form from another site is refused even with the right token")
    func foreignForm() throws {
        let form = try Parameters(urlEncoded: Array("csrf_token=\(tokens.token(for: "b"))".utf8))
        #expect(throws: OAuthError.self) {
            try tokens.check(form, request(site: "cross-site", origin: nil), binding: "b", site: site)
        }
    }

    @Test(
        "What the browser says about the sender is believed when it speaks against it",
        arguments: [
            ("cross-site", nil), ("same-site", nil), ("odd", nil), (nil, "https://evil.example"), (nil, "http://id.example"), (nil, "null"),
            ("none", "null"), ("same-origin", "https://evil.example"),
        ] as [(String?, String?)])
    func foreign(fetchSite: String?, origin: String?) {
        let error = #expect(throws: OAuthError.self) { try FormOrigin.check(request(site: fetchSite, origin: origin), site: site) }
        #expect(error?.code == .forbidden)
    }

    @Test(
        "This site's own forms pass, also from browsers that say nothing",
        arguments: [
            (nil, nil), ("same-origin", nil), ("same-origin", "https://id.example"), ("same-origin", "null"), ("none", nil),
            (nil, "https://id.example"),
        ] as [(String?, String?)])
    func own(fetchSite: String?, origin: String?) throws {
        try FormOrigin.check(request(site: fetchSite, origin: origin), site: site)
    }

    private func request(site: String?, origin: String?) -> Request {
        var headers: HTTPFields = [:]
        headers[.secFetchSite] = site
        headers[.origin] = origin
        return sampleRequest(.post, "/sign-in", headers)
    }
}
