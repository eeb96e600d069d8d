import Foundation
import Testing

@testable import Web

/// Rules that the templates keep, and that no compiler knows.
@Suite struct TemplatesTests {
    static let templates: [(name: String, text: String)] = {
        let root = PagesTests.root + "/Templates"
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: root)) ?? []
        return paths.filter { $0.hasSuffix(".mustache") }.map {
            ($0, (try? String(contentsOfFile: root + "/" + $0, encoding: .utf8)) ?? "")
        }
    }()

    @Test("Every value goes through escaping: no triple braces, no ampersand tags, no other content type or delimiters")
    func everyValueIsEscaped() {
        #expect(Self.templates.count >= 12)
        for template in Self.templates {
            for tag in ["{{{", "{{&", "{{ &", "{{%", "{{="] {
                #expect(!template.text.contains(tag), "\(template.name) holds \(tag)")
            }
        }
    }

    @Test("Nothing is inline that the policy forbids: no style, no script, no event handler")
    func nothingInline() throws {
        let inline = /<style|javascript:|\sstyle=|\son[a-z]+=|<script(?! src="\{\{assets\.)/
        for template in Self.templates {
            let found = template.text.firstMatch(of: inline).map { String($0.output) }
            #expect(found == nil, "\(template.name)")
        }
    }

    @Test("Nothing is fetched from elsewhere")
    func nothingForeign() {
        let foreign = /(?:src|href|action)="(?:https?:)?\/\//
        for template in Self.templates {
            let found = template.text.firstMatch(of: foreign).map { String($0.output) }
            #expect(found == nil, "\(template.name)")
        }
    }

    @Test("Attributes that hold values are quoted")
    func attributesAreQuoted() {
        for template in Self.templates {
            // A refresh names its address inside of its quoted value.
            #expect(!template.text.replacing("content=\"0; url={{", with: "").contains("={{"), "\(template.name)")
        }
    }

    @Test("Every form that people see posts, and carries the token")
    func formsCarryTheToken() throws {
        let pages = try PagesTests.pages()
        for sample in PageSamples.all where sample.template != "Authorize/form-post" {
            let html = try pages.html(sample.template, sample.model)
            let forms = html.matches(of: /<form [^>]*>/)
            #expect(forms.allSatisfy { $0.output.contains("method=\"post\"") }, "\(sample.file)")
            let tokens = html.matches(of: /name="csrf_token" value="token"/)
            #expect(tokens.count == forms.count, "\(sample.file)")
        }
    }

    @Test("Every visible field has a label, and no id is used twice")
    func labelsAndIDs() throws {
        let pages = try PagesTests.pages()
        for sample in PageSamples.all {
            let html = try pages.html(sample.template, sample.model)
            let ids = html.matches(of: /\sid="([^"]*)"/).map { String($0.output.1) }
            #expect(Set(ids).count == ids.count, "\(sample.file): \(ids)")
            for field in html.matches(of: /<input id="([^"]*)"/) {
                #expect(html.contains("<label for=\"\(field.output.1)\">"), "\(sample.file)")
            }
        }
    }

    @Test(
        "The ids that tests and password managers rely on are there",
        arguments: [
            ("sign-in-refused", ["sign-in-form", "username", "password", "sign-in-button", "error-message"]),
            ("sign-in-continue", ["continue-as-form", "continue-as-button"]),
            ("sign-out", ["sign-out-form", "sign-out-button", "stay-button"]),
            ("consent", ["consent-form", "allow-button", "deny-button"]),
            ("form-post", ["form-post-form", "continue-button"]),
            ("error", ["error-page", "error-code"]),
            ("sign-in-providers", ["providers", "provider-google", "provider-github"]),
            ("sign-in-many-providers", ["federation-notice", "domain-hint"]),
            ("sign-in-link", ["linking-note", "cancel-link-form", "cancel-link-button"]),
            (
                "account",
                ["account-page", "account-name", "way-password", "links", "link-github", "sessions", "end-others-form", "sign-out-link"]
            ),
            ("account-confirm", ["confirm-form", "confirm-button"]),
            ("account-only-way", ["only-way-note"]),
        ])
    func stableIDs(file: String, ids: [String]) throws {
        let sample = try #require(PageSamples.all.first { $0.file == file })
        let html = try PagesTests.pages().html(sample.template, sample.model)
        for id in ids { #expect(html.contains(" id=\"\(id)\""), "\(id)") }
    }

    @Test("The client's logo and links are shown where it has them")
    func clientIsShown() throws {
        var model = PageSamples.signIn
        model["client"] =
            PageClient(name: "Shop", logoURI: "https://shop.example/logo.png", policyURI: "https://shop.example/privacy").model
        let html = try PagesTests.pages().html("SignIn/sign-in", model)
        #expect(html.contains("src=\"https://shop.example/logo.png\""))
        #expect(html.contains("href=\"https://shop.example/privacy\""))
        #expect(html.contains("<bdi>Shop</bdi>"))
        #expect(!html.contains("Terms of service"))
    }

    @Test("A consent for a scope without description shows no empty line, and a page without client shows none")
    func absentMembers() throws {
        let consent = try PagesTests.pages().html("Consent/consent", PageSamples.consent)
        let descriptions = consent.matches(of: /class="scope-text"/)
        #expect(descriptions.count == 3)
        var model = PageSamples.signIn
        model["client"] = nil
        let signIn = try PagesTests.pages().html("SignIn/sign-in", model)
        #expect(!signIn.contains("to continue to"))
        #expect(!signIn.contains("class=\"client\""))
    }
}
