import FoundationEssentials
import OAuthProtocol
import Testing

@testable import Accounts

/// What of a provider's words about a person is kept: what pages can show and the database can hold.
@Suite struct FederationProfileTests {
    private static func profile(
        _ said: [String: JSONValue], change: (inout FederationProvider) -> Void = { _ in }
    ) throws -> FederationProfile {
        var provider = FederationProvider(id: "corp", name: "Corp", kind: .openIDConnect, clientID: "gatehouse")
        change(&provider)
        let claims = JSONValue.object(["sub": "ada"].merging(said) { $1 })
        return try FederationProfile(claims, token: claims, form: nil, issuer: "https://idp.example", provider: provider)
    }

    @Test(arguments: [
        ("Ada", true), (String(repeating: "a", count: 1_024), true), (String(repeating: "a", count: 1_025), false), ("", false),
        ("Ada\nAdmin", false), ("Ada\u{0}", false), ("Ada\u{7F}", false), ("Ada\u{1B}[31m", false),
    ])
    func `words for people have a bound and no control characters`(_ name: String, _ isKept: Bool) throws {
        let profile = try Self.profile(["name": .string(name), "preferred_username": .string(name)])
        #expect(profile.claims["name"]?.string == (isKept ? name : nil))
        #expect(profile.username == (isKept ? name : nil))
    }

    @Test(arguments: ["profile", "picture", "website"])
    func `addresses that applications show are web addresses`(_ claim: String) throws {
        #expect(try Self.profile([claim: "https://idp.example/ada"]).claims[claim] == "https://idp.example/ada")
        for address in ["javascript:alert(1)", "data:text/html,x", "//idp.example/ada", "/ada", "ada"] {
            #expect(try Self.profile([claim: .string(address)]).claims[claim] == nil, "\(address)")
        }
    }

    @Test func `of many groups a thousand count, of many methods ten`() throws {
        let many = JSONValue.array((0..<2_000).map { .string("g\($0)") })
        #expect(try Self.profile(["groups": many]).groups.count == 1_000)
        #expect(try Self.profile(["amr": many]) { $0.trustsMethods = true }.methods.count == 10)
        #expect(try Self.profile(["amr": many]).methods.isEmpty)
    }

    /// What is recorded of ways to sign in has our own words in it, with colons (`fed:google`, `acr:…`).
    @Test(arguments: ["fed", "fed:google", "acr:urn:gatehouse:acr:2", "", "two words", "a/b", "é", String(repeating: "a", count: 33)])
    func `a method that is one of our own words, or no word, is left out`(_ method: String) throws {
        let profile = try Self.profile(["amr": ["otp", .string(method)]]) { $0.trustsMethods = true }
        #expect(profile.methods == ["otp"])
    }

    @Test func `a subject has at most 255 bytes, of which a database takes each for text`() throws {
        #expect(try Self.profile(["sub": .string(String(repeating: "a", count: 255))]).subject.utf8.count == 255)
        let wrongs: [JSONValue] = ["", "a\u{0}b", "a\nb", .string(String(repeating: "a", count: 256)), ["a"], true, .null]
        for subject in wrongs {
            #expect(throws: FederationFailure.self, "\(subject)") { try Self.profile(["sub": subject]) }
        }
    }
}
