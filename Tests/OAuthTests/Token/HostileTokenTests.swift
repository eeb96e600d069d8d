import Crypto
import FoundationEssentials
import Keys
import OAuth
import OAuthProtocol
import Runtime
import TestKit
import Testing

/// Tokens that must never pass, whoever made them.
@Suite struct HostileTokenTests {
    /// A good token of a person, and the claims in it.
    private func withToken(_ body: @escaping @Sendable (TestServer, String, [String: JSONValue]) async throws -> Void) async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient { $0.scopes = $0.scopes.union(["introspect"]) }
            let token = try #require(try await TestFlow(server).tokens()["access_token"]?.string)
            let claims = try #require(try TestServer.part(1, of: token).object)
            #expect(try await server.isActive(token) == true)
            try await body(server, token, claims)
        }
    }

    private func expectRefusal(_ token: String, by server: TestServer, _ why: Comment, location: SourceLocation = #_sourceLocation)
        async throws
    {
        let introspection = try await server.introspect(token)
        #expect(introspection.status == .ok, why, sourceLocation: location)
        #expect(introspection.text == #"{"active":false}"#, why, sourceLocation: location)
        let userInfo = try await server.userInfo(token)
        #expect(userInfo.status == .unauthorized, why, sourceLocation: location)
        #expect(userInfo.errorCode == "invalid_token", why, sourceLocation: location)
        #expect(userInfo.headers[.wwwAuthenticate]?.contains("error=\"invalid_token\"") == true, why, sourceLocation: location)
        #expect(try await server.revoke(token).status == .ok, why, sourceLocation: location)
    }

    private func encode(_ header: JSONValue, _ claims: [String: JSONValue]) -> String {
        Base64URL.encode(header.encoded()) + "." + Base64URL.encode(JSONValue.object(claims).encoded())
    }

    @Test func `no signature, none, and HMAC with the public key`() async throws {
        try await withToken { server, token, claims in
            let keyID = try #require(try TestServer.part(0, of: token)["kid"])
            for algorithm in ["none", "None", "NONE", "nOnE", ""] {
                let input = encode(["alg": .string(algorithm), "typ": "at+jwt", "kid": keyID], claims)
                try await expectRefusal(input + ".", by: server, "alg \(algorithm)")
                try await expectRefusal(input + ".AAAA", by: server, "alg \(algorithm) with a signature")
            }
            let jwks = try await server.get("/oauth2/jwks")
            for key in try JWKSet(parsing: jwks.body.readableBytesView).keys {
                for secret in [key.json.encoded(), Array(jwks.text.utf8), Array((key.keyID ?? "").utf8)] {
                    for algorithm in ["HS256", "HS384", "HS512"] {
                        let header: JSONValue = ["alg": .string(algorithm), "typ": "at+jwt", "kid": .string(key.keyID ?? "")]
                        let input = encode(header, claims)
                        let code = HMAC<SHA256>.authenticationCode(for: Array(input.utf8), using: SymmetricKey(data: secret))
                        try await expectRefusal(input + "." + Base64URL.encode(code), by: server, "\(algorithm)")
                    }
                }
            }
        }
    }

    @Test func `a key of somebody else, whatever the header says of it`() async throws {
        try await withToken { server, token, claims in
            let keyID = try #require(try TestServer.part(0, of: token)["kid"])
            let own = P256.Signing.PrivateKey()
            let point = Array(own.publicKey.x963Representation)
            let jwk: JSONValue = [
                "kty": "EC", "crv": "P-256", "x": .string(Base64URL.encode(point[1..<33])), "y": .string(Base64URL.encode(point[33...])),
            ]
            let headers: [JSONValue] = [
                ["alg": "ES256", "typ": "at+jwt", "kid": keyID], ["alg": "ES256", "typ": "at+jwt", "kid": "unknown"],
                ["alg": "ES256", "typ": "at+jwt"], ["alg": "ES256", "typ": "at+jwt", "jwk": jwk],
                ["alg": "ES256", "typ": "at+jwt", "kid": keyID, "jwk": jwk],
                ["alg": "ES256", "typ": "at+jwt", "jku": "https://evil.example/jwks", "kid": "x"],
                ["alg": "ES256", "typ": "at+jwt", "kid": "../../etc/passwd"], ["alg": "ES256", "typ": "at+jwt", "kid": "' or 1=1 --"],
                ["alg": "ES256", "typ": "at+jwt", "kid": keyID, "crit": ["exp"]],
                ["alg": "ES256", "typ": "at+jwt", "kid": keyID, "b64": false],
                ["alg": "RS256", "typ": "at+jwt", "kid": keyID], ["alg": "ES384", "typ": "at+jwt", "kid": keyID],
            ]
            for header in headers {
                let input = encode(header, claims)
                let signature = try own.signature(for: Array(input.utf8)).rawRepresentation
                try await expectRefusal(input + "." + Base64URL.encode(signature), by: server, "\(header)")
            }
            try await expectRefusal(
                encode(["alg": "ES256", "typ": "at+jwt", "kid": keyID], claims) + "."
                    + Base64URL.encode([UInt8](repeating: 0, count: 64)), by: server, "a signature of zeros (CVE-2022-21449)")
        }
    }

    @Test func `our own key over claims that do not hold`() async throws {
        try await withToken { server, token, claims in
            let now = server.clock.now
            let signer = try server.wiring.keys.signer(.es256, now: now)
            let seconds = Int64(now.numericDate)
            let changes: [(String, [String: JSONValue?])] = [
                ("expired", ["exp": .int(seconds - 1)]), ("expires now", ["exp": .int(seconds)]), ("never expires", ["exp": nil]),
                ("expires as a text", ["exp": "9999999999"]), ("from the future", ["iat": .int(seconds + 60)]),
                ("not yet valid", ["nbf": .int(seconds + 60)]), ("another issuer", ["iss": "https://evil.example"]),
                ("the issuer with a slash", ["iss": .string(TestServer.issuer + "/")]), ("no issuer", ["iss": nil]),
                ("no subject", ["sub": nil]), ("no client", ["client_id": nil]), ("no id", ["jti": nil]), ("no audience", ["aud": nil]),
                ("no iat", ["iat": nil]), ("an enormous exp", ["exp": .double(1e300)]), ("a negative exp", ["exp": -1]),
                ("an audience that is no text", ["aud": 7]), ("a scope that is none", ["scope": "a \"b"]),
            ]
            for (why, change) in changes {
                var changed = claims
                for (name, value) in change { changed[name] = value }
                let hostile = try signer.sign(type: "at+jwt", payload: JSONValue.object(changed).encoded())
                try await expectRefusal(hostile, by: server, "\(why)")
            }
            for type in ["JWT", "jwt", "logout+jwt", "at+jwt2", ""] {
                try await expectRefusal(
                    try signer.sign(type: type, payload: JSONValue.object(claims).encoded()), by: server, "typ \(type)")
            }
            for payload in ["", "[]", "null", "\"a\"", "{", "{\"iss\":\"a\",\"iss\":\"b\"}"] {
                try await expectRefusal(try signer.sign(type: "at+jwt", payload: Array(payload.utf8)), by: server, "payload \(payload)")
            }
        }
    }

    @Test func `an ID token is no access token`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient { $0.scopes = $0.scopes.union(["introspect"]) }
            let tokens = try await TestFlow(server).tokens()
            try await expectRefusal(try tokens.text("id_token"), by: server, "an ID token")
            // Nor does a refresh token open userinfo.
            let refresh = try tokens.text("refresh_token")
            #expect(try await server.userInfo(refresh).status == .unauthorized)
        }
    }

    @Test func `every change of one letter`() async throws {
        try await withToken { server, token, _ in
            for offset in stride(from: 0, to: token.utf8.count, by: 37) {
                var bytes = Array(token.utf8)
                bytes[offset] = bytes[offset] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
                try await expectRefusal(String(decoding: bytes, as: UTF8.self), by: server, "letter \(offset)")
            }
            try await expectRefusal(token + "A", by: server, "one letter more")
            try await expectRefusal(String(token.dropLast()), by: server, "one letter less")
            try await expectRefusal(token + ".", by: server, "a fourth part")
        }
    }

    @Test func `garbage and excess are refused, and nothing breaks`() async throws {
        try await withToken { server, token, _ in
            let parts = token.split(separator: ".")
            for garbage in [".", "..", "...", "a", "a.b.c", "e30.e30.e30", "e30..", "\(parts[0])..\(parts[2])", "-_-_.-_.-_", "====", "~"] {
                #expect(try await server.introspect(garbage).text == #"{"active":false}"#, "\(garbage)")
                let status = try await server.userInfo(garbage).status
                #expect(status == .unauthorized || status == .badRequest, "\(garbage)")
            }
            let long = String(repeating: "A", count: 16_384)
            #expect(try await server.introspect(long).text == #"{"active":false}"#)
            #expect(try await server.introspect(long + "A").errorCode == "invalid_request")
            let tooLong = try await server.userInfo(long + "A")
            #expect(tooLong.status == .badRequest || tooLong.status == .unauthorized)
            let nested = "\(parts[0])." + Base64URL.encode(Array(String(repeating: "[", count: 4_000).utf8)) + ".\(parts[2])"
            #expect(try await server.introspect(nested).text == #"{"active":false}"#)
        }
    }

    @Test func `a token of a withdrawn key dies with it`() async throws {
        try await withToken { server, token, _ in
            try await server.wiring.keys.rotate(.es256, compromised: true, now: server.clock.now)
            // As the NOTIFY would.
            server.wiring.verification.forgetAll()
            try await expectRefusal(token, by: server, "a compromised key")
        }
    }
}
