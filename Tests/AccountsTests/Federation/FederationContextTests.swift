import Accounts
import FoundationEssentials
import OAuthProtocol
import TestKit
import Testing

/// A provider's `acr` in our tokens (OpenID Connect Core §2).
@Suite struct FederationContextTests {
    private static let ours = "urn:gatehouse:acr:1"
    private static let theirs = "https://refeds.org/profile/mfa"

    /// Tokens after a sign-in with a provider that says this of itself.
    private static func tokens(
        _ acr: JSONValue?, isTrusted: Bool = true, claims: String? = nil
    ) async throws -> (identity: JSONValue, access: JSONValue, refreshed: JSONValue) {
        let internet = TestInternet()
        return try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            let provider = TestProvider(clock: server.clock)
            internet.add(provider)
            try await server.declare(
                provider.declaration("corp") {
                    $0.trustsContext = isTrusted
                    // What anybody can be told there is nothing that the provider signs.
                    $0.usesUserInfo = true
                })
            provider.bend {
                $0.claims = { $0["acr"] = acr }
                $0.userInfo = { $0["acr"] = "of-userinfo" }
            }
            try await server.addClient { $0.consent = .implicit }
            let flow = TestFlow(server)
            _ = try await server.signIn(with: provider, browser: flow.browser)
            let tokens = try await flow.tokens(scope: "openid offline_access", ["claims": claims])
            let refreshed = try await flow.refresh(try #require(tokens["refresh_token"]?.string)).json
            return (
                try TestServer.part(1, of: try #require(tokens["id_token"]?.string)),
                try TestServer.part(1, of: try #require(tokens["access_token"]?.string)),
                try TestServer.part(1, of: try #require(refreshed["access_token"]?.string))
            )
        }
    }

    @Test func `where the settings trust it, its word stands in every token, and nowhere else`() async throws {
        let (identity, access, refreshed) = try await Self.tokens(.string(Self.theirs))
        for claims in [identity, access, refreshed] {
            #expect(claims["acr"]?.string == Self.theirs)
            #expect(claims["amr"]?.strings == ["fed"])
        }
        #expect(identity["idp"] == "corp")
    }

    @Test func `where they don't, the word is ours`() async throws {
        #expect(try await Self.tokens(.string(Self.theirs), isTrusted: false).identity["acr"]?.string == Self.ours)
    }

    @Test(
        arguments: [
            "urn:gatehouse:acr:1", "urn:gatehouse:acr:2", "URN:Gatehouse:acr:2", "", "two words", "line\nbreak", "é", .int(2), ["a"], nil,
            .string(String(repeating: "x", count: 256)),
        ] as [JSONValue?])
    func `it can't say ours, nor what is no word`(_ acr: JSONValue?) async throws {
        let (identity, access, _) = try await Self.tokens(acr)
        #expect(identity["acr"]?.string == Self.ours)
        #expect(access["acr"]?.string == Self.ours)
        #expect(identity["amr"]?.strings == ["fed"])
    }

    @Test func `an application that can do with ours only gets ours`() async throws {
        let essential = #"{"id_token":{"acr":{"essential":true,"values":["urn:gatehouse:acr:1"]}}}"#
        #expect(try await Self.tokens(.string(Self.theirs), claims: essential).identity["acr"]?.string == Self.ours)
        let either = #"{"id_token":{"acr":{"essential":true,"values":["urn:gatehouse:acr:1","https://refeds.org/profile/mfa"]}}}"#
        #expect(try await Self.tokens(.string(Self.theirs), claims: either).identity["acr"]?.string == Self.theirs)
        let voluntary = #"{"id_token":{"acr":{"values":["urn:gatehouse:acr:1"]}}}"#
        #expect(try await Self.tokens(.string(Self.theirs), claims: voluntary).identity["acr"]?.string == Self.theirs)
    }

    @Test func `whoever has proven themselves here as well is vouched for in our words`() async throws {
        try await FederationSignInTests.run(change: { $0.trustsContext = true }) { server, provider, _ in
            try await server.addUser("ada") { $0.email = "ada@idp.example" }
            try await server.addClient { $0.consent = .implicit }
            provider.bend { $0.claims = { $0["acr"] = .string(Self.theirs) } }
            let flow = TestFlow(server)
            let page = try await server.signIn(with: provider, browser: flow.browser)
            _ = try await flow.browser.submit(
                "sign-in-form", of: page, [("username", "ada@idp.example"), ("password", "analytical-engine")])
            let claims = try await flow.identity(from: try await flow.authorize())
            #expect(claims["amr"]?.strings == ["pwd", "fed"])
            #expect(claims["acr"]?.string == Self.ours)
        }
    }

    @Test func `another way to sign in takes it away`() async throws {
        try await FederationSignInTests.run(change: { $0.trustsContext = true }) { server, provider, _ in
            try await server.addClient { $0.consent = .implicit }
            provider.bend { $0.claims = { $0["acr"] = .string(Self.theirs) } }
            let flow = TestFlow(server)
            _ = try await server.signIn(with: provider, browser: flow.browser)
            provider.bend { $0.claims = { $0["acr"] = nil } }
            _ = try await server.signIn(with: provider, browser: flow.browser)
            let claims = try await flow.identity(from: try await flow.authorize())
            #expect(claims["acr"]?.string == Self.ours)
        }
    }
}
