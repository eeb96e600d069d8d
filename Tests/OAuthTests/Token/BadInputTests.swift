import HTTPTypes
import HummingbirdTesting
import OAuth
import OAuthProtocol
import TestKit
import Testing

/// Every parameter of every endpoint for machines, wrong in every way: a 4xx with the RFC's code, and nothing stored.
@Suite struct BadInputTests {
    /// An endpoint, a good request to it (with Basic), and which of its parameters are required.
    private struct Request: Sendable {
        let path: String
        let fields: [(String, String)]
        let required: Set<String>
    }

    private static let requests: [Request] = [
        Request(
            path: "/oauth2/token",
            fields: [
                ("grant_type", "authorization_code"), ("code", "gh_ac_x"), ("redirect_uri", "https://app.example/callback"),
                ("code_verifier", TestFlow.verifier), ("resource", "https://api.example"), ("client_id", "app"),
            ], required: ["grant_type", "code"]),
        Request(
            path: "/oauth2/token",
            fields: [
                ("grant_type", "refresh_token"), ("refresh_token", "gh_rt_x"), ("scope", "openid"), ("resource", "https://api.example"),
                ("client_id", "app"),
            ], required: ["grant_type", "refresh_token"]),
        Request(
            path: "/oauth2/token",
            fields: [
                ("grant_type", "client_credentials"), ("scope", "notes:read"), ("resource", "https://api.example"), ("client_id", "app"),
            ], required: ["grant_type"]),
        Request(
            path: "/oauth2/introspect", fields: [("token", "x"), ("token_type_hint", "access_token"), ("client_id", "app")],
            required: ["token"]),
        Request(
            path: "/oauth2/revoke", fields: [("token", "x"), ("token_type_hint", "access_token"), ("client_id", "app")],
            required: ["token"]),
    ]

    private static let authorization = BasicCredentials.headerValue(clientID: "app", clientSecret: "app-secret")
    private static let codes: Set<String> = [
        "invalid_request", "invalid_client", "invalid_grant", "invalid_scope", "invalid_target", "unsupported_grant_type",
    ]

    private func send(
        _ server: TestServer, _ path: String, _ body: [UInt8], type: String? = "application/x-www-form-urlencoded"
    ) async throws -> TestResponse {
        var headers: HTTPFields = [.authorization: Self.authorization]
        if let type { headers[.contentType] = type }
        return try await server.send(.post, path, headers: headers, body: body)
    }

    private func withServer(_ body: @escaping @Sendable (TestServer) async throws -> Void) async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let before = try await counts(server)
            try await body(server)
            #expect(try await counts(server) == before)
        }
    }

    private func counts(_ server: TestServer) async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for table in [
            "audit_events", "authorization_codes", "authorization_requests", "clients", "consents", "grants", "refresh_tokens",
            "revocations", "sessions", "sign_ins", "users",
        ] {
            counts[table] = try await server.database.first("select count(*) from \(table)") { try $0.int(0) }
        }
        return counts
    }

    private func expectRefusal(_ answer: TestResponse, codes: Set<String> = Self.codes, _ why: Comment) {
        #expect((400..<500).contains(answer.status.code), why)
        #expect(answer.errorCode.map(codes.contains) == true, why)
        #expect(answer.headers[.cacheControl] == "no-store", why)
        #expect(answer.json["error_description"]?.string?.isEmpty == false, why)
    }

    @Test func `every parameter repeated`() async throws {
        try await withServer { server in
            for request in Self.requests {
                for (name, value) in request.fields where name != "resource" {
                    let form = Parameters.encode(request.fields + [(name, value)])
                    let answer = try await send(server, request.path, Array(form.utf8))
                    expectRefusal(answer, codes: ["invalid_request"], "\(request.path) \(name) twice")
                    #expect(answer.json["error_description"]?.string?.contains(name) == true)
                    // Also when one of the two is empty, or its name is spelled with escapes.
                    let escaped = name.utf8.map { "%" + String($0, radix: 16) }.joined()
                    for more in ["&\(name)=", "&\(escaped)=x"] {
                        let answer = try await send(server, request.path, Array((Parameters.encode(request.fields) + more).utf8))
                        expectRefusal(answer, codes: ["invalid_request"], "\(request.path) \(name) with \(more)")
                    }
                }
            }
        }
    }

    @Test func `every required parameter missing or empty`() async throws {
        try await withServer { server in
            for request in Self.requests {
                for name in request.required {
                    let without = request.fields.filter { $0.0 != name }
                    for fields in [without, without + [(name, "")]] {
                        let answer = try await send(server, request.path, Array(Parameters.encode(fields).utf8))
                        expectRefusal(answer, codes: ["invalid_request"], "\(request.path) without \(name)")
                        #expect(answer.json["error_description"]?.string?.contains(name) == true)
                    }
                }
                expectRefusal(try await send(server, request.path, []), codes: ["invalid_request"], "\(request.path) with nothing")
            }
        }
    }

    @Test func `every parameter over-long, with control characters, or not UTF-8`() async throws {
        let values: [(String, String)] = [
            ("over-long", String(repeating: "x", count: 17_000)), ("over-long when decoded", String(repeating: "%C3%A9", count: 9_000)),
            ("NUL", "a%00b"), ("CR", "a%0Db"), ("LF", "a%0Ab"), ("CRLF and a header", "a%0D%0ASet-Cookie:+x=y"), ("DEL", "a%7Fb"),
            ("TAB", "a%09b"), ("ESC", "a%1Bb"), ("not UTF-8", "%FF"), ("overlong UTF-8", "%C0%AF"), ("a surrogate", "%ED%A0%80"),
            ("cut UTF-8", "%E2%82"), ("a broken escape", "%"), ("a half escape", "%4"), ("no hex", "%ZZ"), ("IIS escape", "%u0041"),
        ]
        try await withServer { server in
            for request in Self.requests {
                for (name, _) in request.fields {
                    let rest = Parameters.encode(request.fields.filter { $0.0 != name })
                    for (why, value) in values {
                        let answer = try await send(server, request.path, Array("\(rest)&\(name)=\(value)".utf8))
                        expectRefusal(answer, "\(request.path) \(name): \(why)")
                    }
                    let raw = try await send(server, request.path, Array("\(rest)&\(name)=".utf8) + [0xFF, 0xFE])
                    expectRefusal(raw, "\(request.path) \(name): raw bytes")
                }
            }
        }
    }

    @Test func `values that SQL, shells and templates would read otherwise`() async throws {
        let values = ["' or '1'='1", "\\'; drop table clients; --", "$1", "{{secret}}", "../../etc/passwd", "\u{202E}abc", "𝒶", "<script>"]
        try await withServer { server in
            for request in Self.requests {
                for (name, _) in request.fields {
                    for value in values {
                        let fields = request.fields.filter { $0.0 != name } + [(name, value)]
                        let answer = try await send(server, request.path, Array(Parameters.encode(fields).utf8))
                        #expect(answer.status.code < 500, "\(request.path) \(name): \(value)")
                        #expect(!answer.text.contains("<script>"))
                    }
                }
            }
        }
    }

    @Test func `other content types and none`() async throws {
        try await withServer { server in
            for request in Self.requests {
                let form = Array(Parameters.encode(request.fields).utf8)
                for type in [
                    nil, "", "text/plain", "application/json", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded2",
                    "application/x-www-form-urlencoded; charset=iso-8859-1",
                ] {
                    let answer = try await send(server, request.path, form, type: type)
                    expectRefusal(answer, codes: ["invalid_request"], "\(request.path) \(type ?? "no type")")
                }
            }
        }
    }

    @Test func `bodies above 64 KiB are 413, whatever is in them`() async throws {
        try await withServer { server in
            for request in Self.requests {
                let form = Parameters.encode(request.fields)
                let exact = Array(form.utf8) + Array("&pad=".utf8)
                let fitting = exact + [UInt8](repeating: 0x78, count: 65_536 - exact.count)
                #expect(try await send(server, request.path, fitting).status.code != 413)
                for body in [fitting + [0x78], [UInt8](repeating: 0x26, count: 70_000), [UInt8](repeating: 0, count: 200_000)] {
                    let answer = try await send(server, request.path, body)
                    #expect(answer.status.code == 413, "\(request.path)")
                    #expect(answer.errorCode == "payload_too_large")
                }
            }
            #expect(try await server.post("/oauth2/userinfo", [("access_token", String(repeating: "x", count: 66_000))]).status.code == 413)
        }
    }

    @Test func `too many parameters`() async throws {
        try await withServer { server in
            for request in Self.requests {
                let form = Parameters.encode(request.fields + (0..<200).map { ("p\($0)", "x") })
                expectRefusal(try await send(server, request.path, Array(form.utf8)), codes: ["invalid_request"], "\(request.path)")
            }
        }
    }

    @Test func `userinfo's form is read as strictly`() async throws {
        try await withServer { server in
            for body in [
                "access_token=%FF", "access_token=a%00", "access_token=a%0D%0A", "access_token=a&access_token=b", "access_token=%",
            ] {
                let answer = try await server.send(
                    .post, "/oauth2/userinfo", headers: [.contentType: "application/x-www-form-urlencoded"], body: Array(body.utf8))
                expectRefusal(answer, codes: ["invalid_request"], "\(body)")
            }
        }
    }
}
