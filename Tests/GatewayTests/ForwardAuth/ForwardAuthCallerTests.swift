import FoundationEssentials
import HTTPTypes
import OAuthProtocol
import TestKit
import Testing

@testable import Gateway

/// Each kind of caller at the door, and what the service behind it is told.
@Suite struct ForwardAuthCallerTests {
    private static let identityNames = ["Subject", "Kind", "Client", "User", "Scopes", "Roles", "Identity"].map { "X-Gatehouse-" + $0 }

    @Test(arguments: DoorExample.dialects)
    func `an access token passes, and the service learns whose it is`(dialect: String) async throws {
        try await DoorExample.run([DoorExample.api { $0.scopes = ["notes:read"] }]) { door async throws in
            let token = try await door.server.clientToken(scope: "notes:read")
            let answer = try await door.ask(dialect, bearer: token)
            #expect(answer.status == 200)
            #expect(answer["X-Gatehouse-Subject"] == "app")
            #expect(answer["X-Gatehouse-Kind"] == "access_token")
            #expect(answer["X-Gatehouse-Client"] == "app")
            #expect(answer["X-Gatehouse-Scopes"] == "notes:read")
            #expect(answer["X-Gatehouse-User"] == "")
            let identity = try await door.server.verified(
                try #require(answer["X-Gatehouse-Identity"]), type: "gatehouse-identity+jwt", audience: DoorExample.origin)
            #expect(identity.header["alg"]?.string == "ES256")
            #expect(identity.claims["sub"]?.string == "app")
            #expect(identity.claims["client_id"]?.string == "app")
            #expect(identity.claims["scope"]?.string == "notes:read")
            #expect(identity.claims["proof"]?.string == "access_token")
            let issuedAt = try #require(identity.claims["iat"]?.int)
            #expect(identity.claims["exp"]?.int == issuedAt + 60)
        }
    }

    @Test(arguments: DoorExample.dialects)
    func `an API key passes by its scopes and its owner's roles`(dialect: String) async throws {
        try await DoorExample.run([DoorExample.api { $0.scopes = ["notes:write"] }]) { door async throws in
            let weak = try await door.apiKey()
            let refused = try await door.ask(dialect, bearer: weak)
            #expect(refused.status == 403)
            #expect(refused.reason == "insufficient_scope")
            #expect(refused.json["scope"]?.string == "notes:write")
            #expect(refused["WWW-Authenticate"]?.contains("insufficient_scope") == true)
            let strong = try await door.apiKey(["scope": "notes:write"])
            let answer = try await door.ask(dialect, bearer: strong)
            #expect(answer.status == 200)
            #expect(answer["X-Gatehouse-Kind"] == "api_key")
            #expect(answer["X-Gatehouse-Subject"] == "manager")
        }
    }

    @Test(arguments: DoorExample.dialects)
    func `nobody passes without proof, and the challenge says what is missing`(dialect: String) async throws {
        try await DoorExample.run([DoorExample.api()]) { door async throws in
            let bare = try await door.ask(dialect)
            #expect(bare.status == 401)
            #expect(bare["WWW-Authenticate"] == #"Bearer realm="gatehouse", DPoP realm="gatehouse", algs="ES256 EdDSA PS256 RS256""#)
            let wrong = try await door.ask(dialect, bearer: "gh_live_wrong")
            #expect(wrong.status == 401)
            #expect(wrong["WWW-Authenticate"]?.contains("error=\"invalid_token\"") == true)
            for name in Self.identityNames { #expect(bare[name] == nil && wrong[name] == nil) }
        }
    }

    @Test func `a client's secret passes where the rule takes it, and nowhere else`() async throws {
        try await DoorExample.run([
            DoorExample.rule("app.example.org", "/secrets") { $0.proofs = [.clientSecret] }, DoorExample.rule("app.example.org", "/*"),
        ]) { door async throws in
            let basic = BasicCredentials.headerValue(clientID: "app", clientSecret: "app-secret")
            #expect(try await door.ask("caddy", .init(target: "/secrets", headers: [.authorization: basic])).status == 200)
            #expect(try await door.ask("caddy", .init(target: "/", headers: [.authorization: basic])).status == 401)
        }
    }

    @Test func `a token for another service proves nothing`() async throws {
        try await DoorExample.run([
            DoorExample.rule("app.example.org", "/api/*") { $0.audience = "https://api.example" }, DoorExample.rule(),
        ]) { door async throws in
            let forAPI = try await door.server.clientToken(scope: "notes:read")
            let forIssuer = try await door.server.clientToken(scope: "introspect")
            #expect(try await door.ask("caddy", .init(target: "/api/x"), bearer: forAPI).status == 200)
            #expect(try await door.ask("caddy", .init(target: "/api/x"), bearer: forIssuer).status == 401)
            // Where the rule names no audience, only a token for this very origin counts: not one for us, that any application gets.
            #expect(try await door.ask("caddy", .init(target: "/x"), bearer: forAPI).status == 401)
            #expect(try await door.ask("caddy", .init(target: "/x"), bearer: forIssuer).status == 401)
            let keyElsewhere = try await door.apiKey(["audiences": ["https://other.example"]])
            let keyHere = try await door.apiKey(["audiences": ["https://api.example"]])
            #expect(try await door.ask("caddy", .init(target: "/api/x"), bearer: keyElsewhere).status == 401)
            #expect(try await door.ask("caddy", .init(target: "/api/x"), bearer: keyHere).status == 200)
        }
    }

    @Test func `the machine API takes no more than before`() async throws {
        try await DoorExample.run([DoorExample.api()]) { door async throws in
            let forAPI = try await door.server.clientToken(scope: "notes:read")
            let answer = try await door.server.sendJSON(.post, "/v1/keys/verify", ["key": "x"], bearer: forAPI)
            #expect(answer.status == .unauthorized)
        }
    }

    @Test func `publishable keys pass where the rule lets them`() async throws {
        try await DoorExample.run(
            [DoorExample.rule("app.example.org", "/map") { $0.acceptsPublishableKeys = true }, DoorExample.rule()],
            configureServer: { $0.publishableScopes = ["notes:read"] }
        ) { door async throws in
            let key = try await door.apiKey(["kind": "pub"])
            #expect(try await door.ask("caddy", .init(target: "/map"), bearer: key).status == 200)
            #expect(try await door.ask("caddy", .init(target: "/"), bearer: key).status == 401)
        }
    }

    @Test(arguments: DoorExample.dialects)
    func `an anonymous request carries every identity field, empty`(dialect: String) async throws {
        try await DoorExample.run([DoorExample.rule(anonymous: true)]) { door async throws in
            var sent = DoorExample.Sent()
            for name in Self.identityNames { sent.headers[try #require(HTTPField.Name(name))] = "spoofed" }
            let answer = try await door.ask(dialect, sent)
            #expect(answer.status == 200)
            for name in Self.identityNames { #expect(answer[name] == (name == "X-Gatehouse-Kind" ? "anonymous" : ""), "\(name)") }
            // What is shown must hold, also where nothing has to be shown.
            #expect(try await door.ask(dialect, bearer: "gh_live_wrong").status == 401)
        }
    }

    @Test(arguments: DoorExample.dialects)
    func `identity fields that come in never go out`(dialect: String) async throws {
        try await DoorExample.run([DoorExample.api()]) { door async throws in
            var sent = DoorExample.Sent()
            for name in Self.identityNames { sent.headers[try #require(HTTPField.Name(name))] = "spoofed" }
            let answer = try await door.ask(dialect, sent, bearer: try await door.apiKey())
            #expect(answer.status == 200)
            for name in Self.identityNames {
                let field = try #require(HTTPField.Name(name))
                #expect(answer.headers[values: field].count == 1, "\(name)")
                #expect(answer[name] != "spoofed", "\(name)")
            }
        }
    }

    @Test func `without a rule nobody passes, whatever they show`() async throws {
        try await DoorExample.run([DoorExample.rule("app.example.org", "/api/*") { $0.audience = "https://api.example" }]) {
            door async throws in
            let key = try await door.apiKey()
            for sent in [DoorExample.Sent(target: "/"), .init(host: "other.example.org", target: "/api/x"), .init(target: "/apis")] {
                let answer = try await door.ask("caddy", sent, bearer: key)
                #expect(answer.status == 403)
                #expect(answer.reason == "no_rule")
            }
            // The port is whatever the sender writes.
            #expect(try await door.ask("caddy", .init(host: "app.example.org:8443", target: "/api/x"), bearer: key).status == 200)
            #expect(try await door.ask("caddy", .init(host: "APP.example.ORG", target: "/api/x"), bearer: key).status == 200)
        }
    }

    @Test func `a key that is revoked is refused at once, and the signature of an identity is made once`() async throws {
        try await DoorExample.run([DoorExample.api()]) { door async throws in
            let key = try await door.apiKey()
            let first = try await door.ask("caddy", bearer: key)
            let second = try await door.ask("nginx", bearer: key)
            #expect(first["X-Gatehouse-Identity"] == second["X-Gatehouse-Identity"])
            let head = try DoorExample.check("caddy", .init(headers: [.authorization: "Bearer \(key)"]))
            #expect(door.server.wiring.forwardAuth.answerInPlace(head, from: DoorExample.proxy, now: door.server.clock.now)?.status == .ok)
            door.server.clock.advance(by: .seconds(31))
            let third = try await door.ask("caddy", bearer: key)
            #expect(third["X-Gatehouse-Identity"] != first["X-Gatehouse-Identity"])
            let list = try await door.server.get(
                "/v1/keys", headers: [.authorization: BasicCredentials.headerValue(clientID: "manager", clientSecret: "manager-secret")])
            let id = try #require(list.json["keys"]?[0]?["key_id"]?.string)
            _ = try await door.server.send(
                .delete, "/v1/keys/\(id)",
                headers: [.authorization: BasicCredentials.headerValue(clientID: "manager", clientSecret: "manager-secret")])
            #expect(try await door.ask("caddy", bearer: key).status == 401)
        }
    }

    @Test func `what is not in memory is not answered in place`() async throws {
        try await DoorExample.run([DoorExample.api()]) { door async throws in
            let key = try await door.apiKey()
            let token = try await door.server.clientToken(scope: "notes:read")
            let endpoint = door.server.wiring.forwardAuth
            for bearer in [key, token] {
                let head = try DoorExample.check("caddy", .init(headers: [.authorization: "Bearer \(bearer)"]))
                #expect(endpoint.answerInPlace(head, from: DoorExample.proxy, now: door.server.clock.now) == nil)
                #expect(await door.ask(head).status == 200)
                #expect(endpoint.answerInPlace(head, from: DoorExample.proxy, now: door.server.clock.now)?.status == .ok)
            }
            let nobody = endpoint.answerInPlace(
                try DoorExample.check("caddy", .init()), from: DoorExample.proxy, now: door.server.clock.now)
            #expect(nobody?.status == .unauthorized)
        }
    }

    @Test func `answers are counted by their reason`() async throws {
        try await DoorExample.run([DoorExample.api()]) { door async throws in
            _ = door.server.wiring.tally.take()
            let key = try await door.apiKey()
            _ = try await door.ask("caddy", bearer: key)
            _ = try await door.ask("caddy", bearer: key)
            _ = try await door.ask("caddy")
            _ = try await door.ask("caddy", .init(target: "//"))
            _ = try await door.ask("caddy", bearer: "some-foreign-key")
            _ = try await door.ask("caddy", bearer: String(key.dropLast()) + (key.hasSuffix("a") ? "b" : "a"))
            _ = try await door.ask("caddy", bearer: try await door.server.clientToken(scope: "introspect"))
            let counts = door.server.wiring.tally.take().filter { $0.kind.name.hasPrefix("door.") }
                .map { "\($0.kind.name) \($0.clientID ?? "-") \($0.detail["reason"] ?? "-") \($0.detail["count"] ?? "-")" }
            #expect(
                counts.sorted() == [
                    "door.allowed manager - 2", "door.refused - API key: checksum 1", "door.refused - API key: unknown 1",
                    "door.refused - ambiguous_path 1", "door.refused - no_proof 1", "door.refused - not in the audience 1",
                ])
        }
    }

    @Test func `a field's value can't end the field or read as two`() {
        #expect(ForwardAuthIdentities.plain("a\r\nX-Evil: 1") == "a%0D%0AX-Evil:%201")
        #expect(ForwardAuthIdentities.plain("a,b%") == "a%2Cb%25")
        #expect(ForwardAuthIdentities.plain("ä") == "%C3%A4")
        #expect(ForwardAuthIdentities.plain("app-1:x") == "app-1:x")
    }
}
