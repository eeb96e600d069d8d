import Testing

@testable import OAuthProtocol

@Suite("Authorization parameters")
struct AuthorizationParameterTests {
    @Test("prompt reads its four values")
    func prompts() throws {
        #expect(try Prompt(parsing: "login consent") == [.login, .consent])
        #expect(try Prompt(parsing: "select_account") == .selectAccount)
        #expect(try Prompt(parsing: "none") == Prompt.none)
    }

    @Test(
        "prompt refuses none beside others, and unknown values",
        arguments: ["none login", "login none", "create", "Login", "login,consent"])
    func badPrompts(text: String) {
        #expect(throws: OAuthError.self) { try Prompt(parsing: text) }
    }

    @Test("display is a hint")
    func display() {
        #expect(Display(parsing: "popup") == .popup)
        #expect(Display(parsing: "hologram") == .page)
    }

    @Test("fragment and unknown response modes are refused", arguments: ["fragment", "", "query.jwt", "Query", "web_message"])
    func badModes(text: String) throws {
        #expect(throws: OAuthError.invalidRequest("The response_mode must be query or form_post.")) { try ResponseMode(parsing: text) }
        #expect(try ResponseMode(parsing: "form_post") == .formPost)
        #expect(try ResponseMode(parsing: "query") == .query)
    }

    @Test("max_age is digits", arguments: ["-1", "+1", "1.5", "", " 1", "1e3", "99999999999", "٣", "0x1"])
    func badMaxAges(text: String) throws {
        #expect(throws: OAuthError.invalidRequest("The max_age parameter is not a number of seconds.")) { try MaxAge(parsing: text) }
        #expect(try MaxAge(parsing: "0").seconds == 0)
        #expect(try MaxAge(parsing: "10000").duration == .seconds(10_000))
    }
}
