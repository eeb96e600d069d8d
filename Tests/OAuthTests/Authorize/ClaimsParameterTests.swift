import FoundationEssentials
import HTTPTypes
import OAuthProtocol
import TestKit
import Testing

@testable import OAuth

/// The `claims` parameter (OpenID Connect Core §5.5).
@Suite struct ClaimsParameterTests {
    private func userInfo(_ server: TestServer, _ tokens: JSONValue) async throws -> JSONValue {
        try await server.get("/oauth2/userinfo", headers: [.authorization: "Bearer \(tokens["access_token"]?.string ?? "")"]).json
    }

    @Test func `an essential name comes at userinfo, or in the ID token, wherever it was asked for`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let tokens = try await flow.tokens(scope: "openid", ["claims": #"{"userinfo":{"name":{"essential":true}}}"#])
            #expect(try await userInfo(server, tokens)["name"]?.string == "Ada Lovelace")
            #expect(TestFlow.claims(of: tokens["id_token"]?.string ?? "")["name"] == nil)
            let inToken = try await flow.tokens(
                scope: "openid", ["claims": #"{"id_token":{"name":null,"email":{"essential":true},"unknown":null}}"#])
            let claims = TestFlow.claims(of: inToken["id_token"]?.string ?? "")
            #expect(claims["name"]?.string == "Ada Lovelace")
            #expect(claims["email"]?.string == "ada@example.org")
            #expect(claims["unknown"] == nil)
            #expect(try await userInfo(server, inToken)["name"] == nil)
        }
    }

    @Test func `a claim that the person doesn't have is left out, essential or not`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let tokens = try await TestFlow(server).tokens(
                scope: "openid", ["claims": #"{"userinfo":{"phone_number":{"essential":true},"website":null}}"#])
            let info = try await userInfo(server, tokens)
            #expect(info["sub"]?.string != nil)
            #expect(info["phone_number"] == nil && info["website"] == nil)
        }
    }

    @Test func `what tokens say of themselves can't be asked to be something else`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let flow = TestFlow(server)
            let plain = try await flow.identity(from: flow.authorize())
            let odd = try await flow.identity(
                from: flow.authorize([
                    "claims": #"{"id_token":{"iss":{"value":"x"},"aud":null,"exp":null,"auth_time":{"essential":true},"sid":null}}"#
                ]))
            for name in ["iss", "sub", "aud", "auth_time", "sid"] { #expect(odd[name] == plain[name]) }
        }
    }

    @Test func `an essential acr that can't be reached is an error, a voluntary one is not`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient { $0.consent = .implicit }
            let flow = TestFlow(server)
            let unreachable = [
                #"{"id_token":{"acr":{"essential":true,"value":"phr"}}}"#, #"{"id_token":{"acr":{"essential":true,"values":["phr","2"]}}}"#,
                #"{"id_token":{"acr":{"essential":true,"values":[1]}}}"#,
            ]
            for claims in unreachable {
                #expect(try await flow.authorize(["claims": claims]).errorAtClient() == "unmet_authentication_requirements")
            }
            let reachable = [
                #"{"id_token":{"acr":{"value":"phr"}}}"#, #"{"id_token":{"acr":{"essential":true}}}"#,
                #"{"id_token":{"acr":{"essential":true,"values":["phr","urn:gatehouse:acr:1"]}}}"#,
            ]
            for claims in reachable {
                let identity = try await flow.identity(from: flow.authorize(["claims": claims]))
                #expect(identity["acr"]?.string == "urn:gatehouse:acr:1")
            }
        }
    }

    @Test func `a sub names the person that the answer must be about`() async throws {
        try await TestServer.run { server in
            let ada = try await server.addUser()
            let grace = try await server.addUser("grace")
            try await server.addClient { $0.consent = .implicit }
            let flow = TestFlow(server)
            let asked = { (subject: String) in #"{"id_token":{"sub":{"value":"\#(subject)"}}}"# }
            #expect(try await flow.authorize(["claims": asked(ada.id.token)]).codeAtClient() != nil)
            #expect(try await flow.authorize(["claims": asked(ada.id.token), "prompt": "none"]).codeAtClient() != nil)
            #expect(try await flow.authorize(["claims": asked(grace.id.token), "prompt": "none"]).errorAtClient() == "login_required")
            server.clock.advance(by: .seconds(1))
            #expect(try await flow.browser.open(flow.authorizeURI(["claims": asked(grace.id.token)])).shows("sign-in-form"))
            #expect(try await flow.authorize(["claims": asked(grace.id.token)]).errorAtClient() == "login_required")
            #expect(try await flow.authorize(["claims": asked("nobody"), "prompt": "none"]).errorAtClient() == "login_required")
        }
    }

    @Test func `a sub that no text can be never matches`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient { $0.consent = .implicit }
            let flow = TestFlow(server)
            _ = try await flow.authorize()
            for claims in [#"{"id_token":{"sub":{"value":5}}}"#, #"{"id_token":{"sub":{"value":null}}}"#] {
                #expect(try await flow.authorize(["claims": claims, "prompt": "none"]).codeAtClient() == nil, "\(claims)")
            }
        }
    }
}
