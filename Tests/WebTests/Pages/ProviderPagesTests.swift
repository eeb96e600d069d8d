import Testing

@testable import Web

/// What the pages say of providers.
@Suite struct ProviderPagesTests {
    private static func html(_ template: String, _ model: PageModel) throws -> String {
        try PagesTests.pages().html(template, model)
    }

    @Test func `every provider has its button with name and drawing, and nothing is fetched for it`() throws {
        let html = try Self.html("SignIn/sign-in", PageSamples.providers(PageSamples.many))
        for (id, name, _) in PageSamples.many {
            #expect(html.contains("id=\"provider-\(id)\" href=\"/sign-in/with/\(id)\""))
            #expect(html.contains("<bdi>\(name)</bdi>"))
        }
        // Ten drawings, no two alike, and the server's own logo.
        let drawings = html.matches(of: /<svg class="provider-icon".*?<\/svg>/.dotMatchesNewlines()).map { String($0.output) }
        #expect(drawings.count == 10 && Set(drawings).count == 10)
        #expect(!html.contains("<img") && !html.contains("url("))
    }

    @Test func `without providers the page is as it was`() throws {
        let html = try Self.html("SignIn/sign-in", PageSamples.signIn)
        #expect(!html.contains("id=\"providers\"") && !html.contains("or-providers") && !html.contains("domain-hint"))
        #expect(html.contains("name=\"password\" type=\"password\" autocomplete=\"current-password\" required"))
    }

    @Test(
        "Every reason has words that say what to do, and the other ways stay on the page",
        arguments: [
            "provider_unavailable", "provider_untrusted", "provider_refused", "account_unknown", "account_exists",
            "account_exists_elsewhere",
            "email_unverified", "account_disabled", "identity_taken",
        ])
    func notices(code: String) throws {
        let html = try Self.html("SignIn/sign-in", PageSamples.notice(code))
        let match = try #require(html.firstMatch(of: /id="federation-notice" data-notice="([a-z_]+)" role="alert">([^§]*?)<\/p>/)).output
        let notice = match.2
        #expect(match.1 == code && notice.contains("<strong>") && notice.contains("</strong> "), "\(notice)")
        for id in ["username", "password", "sign-in-button", "provider-google", "provider-github"] {
            #expect(html.contains("id=\"\(id)\""))
        }
    }

    @Test func `a password may stay empty where an address is enough`() throws {
        let html = try Self.html("SignIn/sign-in", PageSamples.manyProviders)
        #expect(html.contains("autocomplete=\"current-password\" aria-describedby=\"domain-hint\">"))
    }

    @Test func `who is to prove an account sees whose address it is, and has a way out`() throws {
        let html = try Self.html("SignIn/sign-in", PageSamples.linking)
        #expect(html.contains("id=\"linking-note\"") && html.contains("<bdi>ada@example.com</bdi>"))
        #expect(html.contains("id=\"cancel-link-form\" method=\"post\" action=\"/sign-in/cancel-link\""))
        #expect(html.contains(" readonly") && !html.contains("federation-notice"))
        // Another provider of the account proves it as well.
        #expect(html.contains("id=\"provider-github\""))
    }

    @Test func `an account without a password is proven the way it has`() throws {
        var model = PageSamples.linking
        model["notice"] = ["code": "account_exists_elsewhere", "account_exists_elsewhere": true, "provider": "Google"] as PageModel
        let html = try Self.html("SignIn/sign-in", model)
        #expect(html.contains("id=\"linking-note\"") && html.contains("id=\"provider-github\""))
        #expect(!html.contains("id=\"password\"") && html.contains("id=\"cancel-link-form\""))
    }

    @Test func `the account page's forms name what they change`() throws {
        let html = try Self.html("Console/account", PageSamples.account)
        #expect(html.contains("name=\"identity\" value=\"0199b4d2-7c1e-7a55-9d0e-3a5b0f3f7a11\""))
        #expect(html.contains("name=\"session\" value=\"0199b4d2-7c1e-7a55-9d0e-3a5b0f3f7a13\""))
        #expect(html.contains("name=\"session\" value=\"others\""))
        #expect(!html.contains("name=\"session\" value=\"0199b4d2-7c1e-7a55-9d0e-3a5b0f3f7a12\""))
    }
}
