import Testing

@testable import OAuthProtocol

@Suite("ScopeSet")
struct ScopeSetTests {
    @Test("keeps order and drops repetitions")
    func parsing() throws {
        let scopes = try ScopeSet(parsing: "openid profile  openid api:read ")
        #expect(scopes.array == ["openid", "profile", "api:read"])
        #expect(scopes.description == "openid profile api:read")
        #expect(try ScopeSet(parsing: "").isEmpty)
    }

    @Test("refuses characters outside the grammar", arguments: ["a\"b", "a\\b", "é", "a\tb", "a\u{7F}", "a \u{301}b", "a\u{0}"])
    func grammar(text: String) {
        #expect(throws: OAuthError.invalidScope("The scope holds a value that is not a scope token.")) { try ScopeSet(parsing: text) }
    }

    @Test("refuses more than a hundred")
    func count() throws {
        let tokens = (0..<101).map { "s\($0)" }
        #expect(throws: OAuthError.invalidScope("The scope has too many values.")) { try ScopeSet(parsing: tokens.joined(separator: " ")) }
        #expect(try ScopeSet(parsing: tokens.dropLast().joined(separator: " ")).count == 100)
    }

    @Test("is a set")
    func algebra() {
        let all: ScopeSet = ["a", "b", "c"]
        let some: ScopeSet = ["c", "a"]
        #expect(some.isSubset(of: all) && !all.isSubset(of: some))
        #expect(all.subtracting(some) == ["b"])
        #expect(all.intersection(some).array == ["a", "c"])
        #expect(some.union(all).array == ["c", "a", "b"])
        #expect(some == ["a", "c"] && some.hashValue == (["a", "c"] as ScopeSet).hashValue)
        #expect(some != all && some.contains("a") && !some.contains("b"))
    }
}
