import Testing

@testable import OAuthProtocol

@Suite("OAuthError")
struct OAuthErrorTests {
    @Test("takes its status from the one table")
    func statuses() {
        #expect(OAuthError.invalidRequest("x").status == 400)
        #expect(OAuthError.invalidGrant("x").status == 400)
        #expect(OAuthError.invalidClient().status == 401)
        #expect(OAuthError.invalidToken().status == 401)
        #expect(OAuthError.insufficientScope(scope: "a").status == 403)
        #expect(OAuthError.notFound().status == 404)
        #expect(OAuthError.methodNotAllowed().status == 405)
        #expect(OAuthError.payloadTooLarge().status == 413)
        #expect(OAuthError.tooManyRequests(retryAfter: .seconds(1)).status == 429)
        #expect(OAuthError.serverError(reason: "x").status == 500)
        #expect(OAuthError.temporarilyUnavailable().status == 503)
        #expect(OAuthError.temporarilyUnavailable(retryAfter: .seconds(3)).retryAfter == .seconds(3))
    }

    @Test("descriptions hold only what RFC 6749 §5.2 admits")
    func sanitised() {
        let error = OAuthError.invalidRequest("a\"b\\c\r\nd\u{0}é😀~")
        #expect(error.publicDescription == "a'b?c??d???~")
        #expect(OAuthError.invalidRequest(String(repeating: "x", count: 1_000)).publicDescription.count == 300)
    }

    @Test("a defect of ours never tells its reason")
    func privacy() {
        let error = OAuthError.serverError(reason: "relation users is missing")
        #expect(!error.publicDescription.contains("users"))
        #expect(error.description.contains("users"))
    }

    @Test("challenges can't be broken out of")
    func challenges() {
        #expect(Challenge.basic(realm: "a\"b\r\nX: y").headerValue == "Basic realm=\"a'b??X: y\", charset=\"UTF-8\"")
        #expect(OAuthError.missingToken().challenge?.headerValue == "Bearer realm=\"gatehouse\"")
        #expect(
            OAuthError.invalidToken("It is \"old\".").challenge?.headerValue
                == "Bearer realm=\"gatehouse\", error=\"invalid_token\", error_description=\"It is 'old'.\"")
        #expect(
            OAuthError.insufficientScope(scope: "openid").challenge?.headerValue.hasSuffix(", scope=\"openid\"") == true)
    }
}
