import HTTPTypes
import TestKit
import Testing

@testable import Gateway

/// What proxies say, and what happens when they don't say it, say it twice, or somebody else says it.
@Suite struct ForwardAuthDialectTests {
    private static let required: [String: [String]] = [
        "nginx": ["X-Original-URI", "X-Original-Method", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-For"],
        "traefik": ["X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-For"],
        "caddy": ["X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-For"],
        "envoy": ["X-Forwarded-Proto", "X-Forwarded-For"],
    ]

    private func open(_ body: @escaping @Sendable (DoorExample) async throws -> Void) async throws {
        try await DoorExample.run([DoorExample.rule(anonymous: true)], body)
    }

    @Test(arguments: DoorExample.dialects)
    func `a request that is whole passes`(dialect: String) async throws {
        try await open { door async throws in
            let answer = try await door.ask(dialect, .init(method: "POST", target: "/api/notes?x=%2F..&y=//"))
            #expect(answer.status == 200)
            #expect(answer["Cache-Control"] == "no-store")
        }
    }

    @Test(arguments: DoorExample.dialects)
    func `a field that is missing, empty, doubled or over-long is never a pass`(dialect: String) async throws {
        try await open { door async throws in
            let status = dialect == "nginx" ? 403 : 400
            for name in try #require(Self.required[dialect]) {
                let field = try #require(HTTPField.Name(name))
                let whole = try DoorExample.check(dialect, .init())
                let value = try #require(whole.headerFields[field])
                var spoiled: [HTTPRequest] = []
                for values in [[], [""], [value, value], [value, "x"], [value + String(repeating: "a", count: 9_000)]] {
                    var head = whole
                    head.headerFields[values: field] = values
                    spoiled.append(head)
                }
                for head in spoiled {
                    let answer = await door.ask(head)
                    #expect(answer.status == status, "\(name): \(head.headerFields[values: field].map { $0.prefix(40) })")
                    #expect(answer.reason == "malformed_request")
                    #expect(answer["X-Gatehouse-Subject"] == nil)
                }
            }
        }
    }

    @Test(arguments: DoorExample.dialects)
    func `what is no scheme, host, method or address is never a pass`(dialect: String) async throws {
        try await open { door async throws in
            var bad: [DoorExample.Sent] = []
            bad += ["", "ftp", "HTTPS", "https,http", "javascript"].map { .init(scheme: $0) }
            bad += [
                "", "app.example.org/x", "user@app.example.org", "app.example.org:x", "app.example.org:0", "app.example.org,evil.example",
                "app.example.org evil", "app.example.org.", "[::1", "app.example.org#", "app.example.org?x", "app%2eexample.org",
            ].map { .init(host: $0) }
            bad += ["", "unknown", "1.2.3", "1.2.3.4:80", "_hidden", "1.2.3.4,", "1.2.3.0/24", "app.example.org"].map {
                .init(address: $0)
            }
            if dialect != "envoy" { bad += ["", "get", "GET /", "GET,POST", String(repeating: "A", count: 33)].map { .init(method: $0) } }
            for sent in bad {
                let answer = try await door.ask(dialect, sent)
                #expect(answer.status == (dialect == "nginx" ? 403 : 400), "\(sent)")
            }
        }
    }

    @Test(arguments: DoorExample.dialects)
    func `a path of more than one reading is never a pass`(dialect: String) async throws {
        try await open { door async throws in
            // A field's value loses control characters at its end before anybody sees it; no proxy lets them come so far.
            let carried = ForwardAuthPathTests.ambiguous.filter { !$0.utf8.contains { $0 < 0x20 || $0 == 0x7F } }
            for target in carried where dialect != "envoy" || target.hasPrefix("/") {
                let answer = try await door.ask(dialect, .init(target: target))
                #expect(answer.status == (dialect == "nginx" ? 403 : 400), "\(target)")
            }
        }
    }

    @Test(arguments: DoorExample.dialects)
    func `only our proxies may ask`(dialect: String) async throws {
        try await DoorExample.run([DoorExample.rule(anonymous: true)]) { door async throws in
            for peer in ["198.51.100.7", "192.0.2.8", "127.0.0.1", "::1", "unknown", ""] {
                let answer = try await door.ask(dialect, from: peer)
                #expect(answer.status == 403)
                #expect(answer.reason == "untrusted_proxy")
                #expect(answer["X-Gatehouse-Kind"] == nil)
            }
        }
    }

    @Test func `a dialect that is none is not found`() async throws {
        try await open { door async throws in
            for path in [
                "/gateway/check/", "/gateway/check/apache", "/gateway/check/nginxx", "/gateway/check/NGINX", "/gateway/check//nginx",
            ] {
                var head = try DoorExample.check("nginx", .init())
                head.path = path
                #expect(await door.ask(head).status == 404, "\(path)")
            }
        }
    }

    @Test func `nginx is answered 200, 401 or 403 and nothing else`() async throws {
        try await DoorExample.run([
            DoorExample.rule("app.example.org", "/api/*") { $0.audience = "https://api.example" },
            DoorExample.rule("app.example.org", "/page", browsers: true), DoorExample.rule("app.example.org", "/open", anonymous: true),
        ]) { door async throws in
            let key = try await door.apiKey(["rate_limit": ["burst": 1, "per_minute": 1]])
            var statuses: [Int] = []
            for (target, bearer) in [
                ("/open", nil), ("/api/x", key), ("/api/x", key), ("/api/x", "gh_live_x"), ("/api/x", "\u{1}"), ("/nowhere", nil),
            ] {
                let answer = try await door.ask("nginx", .init(target: target), bearer: bearer)
                statuses.append(answer.status)
            }
            #expect(statuses == [200, 200, 403, 401, 401, 403])
            var browser = DoorExample.Sent(target: "/page?a=b&c=d")
            browser.headers[.accept] = "text/html"
            let answer = try await door.ask("nginx", browser)
            #expect(answer.status == 401)
            #expect(answer["X-Gatehouse-Sign-In"] == "https://app.example.org/gateway/sign-in?return=%2Fpage%3Fa%3Db%26c%3Dd")
            let doubled = DoorExample.Sent(target: "/api/x", headers: [.authorization: "Bearer a"])
            var head = try DoorExample.check("nginx", doubled)
            head.headerFields.append(HTTPField(name: .authorization, value: "Bearer b"))
            #expect(await door.ask(head).status == 401)
        }
    }

    @Test func `Envoy's check may have any method, and a second Host is refused`() async throws {
        try await DoorExample.run([DoorExample.rule(methods: ["PURGE", "GET"], anonymous: true)]) { door async throws in
            #expect(try await door.ask("envoy", .init(method: "PURGE", target: "/x?y")).status == 200)
            #expect(try await door.ask("envoy", .init(method: "HEAD")).status == 200)
            #expect(try await door.ask("envoy", .init(method: "POST")).reason == "no_rule")
            var head = try DoorExample.check("envoy", .init())
            head.headerFields[.forwardedHost] = "evil.example"
            #expect(await door.ask(head).status == 400)
            head = try DoorExample.check("envoy", .init())
            head.path = "/gateway/check/envoy"
            #expect(await door.ask(head).status == 400)
        }
    }

    @Test func `the sender is the last address that is not a proxy of ours`() async throws {
        try await DoorExample.run([DoorExample.api()]) { door async throws in
            let key = try await door.apiKey(["networks": ["198.51.100.0/24"]])
            let expected = [
                "198.51.100.7": 200, "203.0.113.1, 198.51.100.7": 200, "198.51.100.7, 192.0.2.2": 200, "198.51.100.7, 203.0.113.1": 401,
                "198.51.100.7, 203.0.113.1, 192.0.2.2": 401, "203.0.113.1": 401, "192.0.2.2": 401,
            ]
            for (address, status) in expected {
                #expect(try await door.ask("traefik", .init(address: address), bearer: key).status == status, "\(address)")
            }
        }
    }

    @Test func `a WebSocket is a request like others`() async throws {
        try await open { door async throws in
            #expect(try await door.ask("traefik", .init(scheme: "wss")).status == 200)
        }
    }
}
