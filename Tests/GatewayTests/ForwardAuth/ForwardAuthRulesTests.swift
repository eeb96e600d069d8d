import OAuthProtocol
import Testing

@testable import Gateway

@Suite struct ForwardAuthRulesTests {
    private func place(_ host: String, _ path: String = "/*", _ methods: Set<String> = []) throws -> ForwardAuthPlace {
        ForwardAuthPlace(
            host: try #require(ForwardAuthPlace.Host(parsing: host)), path: try #require(ForwardAuthPlace.Path(parsing: path)),
            methods: methods)
    }

    private func index(_ places: [ForwardAuthPlace], _ host: String, _ target: String = "/", _ method: String = "GET") throws -> Int? {
        let rules = places.map { ForwardAuthRule($0) }
        let found = ForwardAuthRules(rules).find(host: host, path: try ForwardAuthPath(requestTarget: target), method: method)
        return rules.firstIndex { $0 === found }
    }

    @Test func `the first match decides, and without one there is none`() throws {
        let places = try [
            place("app.example.org", "/admin/*"), place("app.example.org", "/api/*", ["GET"]), place("*.example.org", "/api/*"),
            place("app.example.org", "/public"),
        ]
        #expect(try index(places, "app.example.org", "/admin/x") == 0)
        #expect(try index(places, "app.example.org", "/api/x") == 1)
        #expect(try index(places, "app.example.org", "/api/x", "HEAD") == 1)
        #expect(try index(places, "app.example.org", "/api/x", "POST") == 2)
        #expect(try index(places, "app.example.org", "/public") == 3)
        #expect(try index(places, "a.b.example.org", "/api/x") == 2)
        #expect(try index(places, "a.b.example.org", "/public") == nil)
        #expect(try index(places, "example.org", "/api/x") == nil)
        #expect(try index(places, "app.example.org", "/") == nil)
        #expect(try index(places, "evilexample.org", "/api/x") == nil)
        #expect(try index(places, "app.example.org.evil.example", "/api/x") == nil)
        #expect(try index([], "app.example.org") == nil)
    }

    @Test(arguments: [
        "", "*", "*.org", "*.", "a b", "app.example.org/x", "user@app.example.org", "app.*.org", "*.1.2.3.4", "app.example.org:0",
        "*.example.org:8443", "app..org",
    ])
    func `a host that is none is refused`(text: String) {
        #expect(ForwardAuthPlace.Host(parsing: text) == nil)
    }

    @Test func `what a rule above covers is known`() throws {
        #expect(try place("app.example.org").covers(place("app.example.org", "/api/*", ["POST"])))
        #expect(try place("*.example.org", "/api/*").covers(place("app.example.org", "/api/x")))
        #expect(try place("*.example.org").covers(place("*.a.example.org")))
        #expect(try !place("app.example.org", "/api/*", ["GET"]).covers(place("app.example.org", "/api/*")))
        #expect(try !place("*.a.example.org").covers(place("*.example.org")))
        #expect(try !place("app.example.org", "/api/*").covers(place("app.example.org", "/apis")))
    }

    private func judge(
        _ change: (inout ForwardAuthRule.Requirements) -> Void = { _ in }, anonymous: Bool = false, browsers: Bool = false,
        _ caller: Caller?
    ) throws -> String {
        var requirements = ForwardAuthRule.Requirements()
        change(&requirements)
        let rule = ForwardAuthRule(
            try place("app.example.org"), admission: anonymous ? .anonymous : .callers, requirements: requirements, servesBrowsers: browsers
        )
        switch ForwardAuthJudgement(rule: rule, caller: caller).judge() {
        case .allowed(let caller): return caller == nil ? "anonymous" : "allowed"
        case .unproven: return "unproven"
        case .refused(let refusal): return [refusal.reason.rawValue, refusal.scope].compactMap(\.self).joined(separator: " ")
        }
    }

    private func caller(_ proof: Caller.Proof = .accessToken, scopes: ScopeSet = [], roles: [String] = []) -> Caller {
        Caller(
            proof: proof, subject: "s", userID: nil, clientID: "c", scopes: scopes, audiences: [], roles: roles, credentialID: nil)
    }

    @Test func `a rule asks for all of its scopes, one of its any_scope, and one of its roles`() throws {
        #expect(try judge({ $0.scopes = ["a", "b"] }, caller(scopes: ["a", "b", "c"])) == "allowed")
        #expect(try judge({ $0.scopes = ["a", "b"] }, caller(scopes: ["a"])) == "insufficient_scope b")
        #expect(try judge({ $0.anyScope = ["a", "b"] }, caller(scopes: ["b"])) == "allowed")
        #expect(try judge({ $0.anyScope = ["a", "b"] }, caller(scopes: ["c"])) == "insufficient_scope a b")
        #expect(try judge({ $0.roles = ["x", "y"] }, caller(roles: ["y"])) == "allowed")
        #expect(try judge({ $0.roles = ["x", "y"] }, caller(scopes: ["x"], roles: ["z"])) == "insufficient_role")
        #expect(try judge({ _ in }, nil) == "unproven")
        #expect(try judge({ _ in }, anonymous: true, nil) == "anonymous")
        #expect(try judge({ _ in }, anonymous: true, caller()) == "allowed")
    }

    @Test func `client secrets and sessions count only where the rule says so`() throws {
        #expect(try judge({ _ in }, caller(.clientSecret)) == "proof_not_accepted")
        #expect(try judge({ $0.proofs = [.clientSecret] }, caller(.clientSecret)) == "allowed")
        #expect(try judge({ _ in }, caller(.session)) == "proof_not_accepted")
        #expect(try judge({ _ in }, browsers: true, caller(.session)) == "allowed")
        #expect(try judge({ $0.proofs = [.apiKey] }, caller(.accessToken)) == "proof_not_accepted")
    }
}
