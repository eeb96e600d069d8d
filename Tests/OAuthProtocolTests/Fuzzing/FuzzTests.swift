import FoundationEssentials
import Testing

@testable import OAuthProtocol

/// Every reader of untrusted bytes meets two thousand mutated inputs: none may trap, and what is accepted must hold what the
/// type promises.
@Suite("Fuzzing")
struct FuzzTests {
    private let count = 2_000

    @Test("Parameters: what is accepted encodes and reads back the same")
    func parameters() throws {
        var mutator = Mutator(
            seed: 1,
            corpus: [
                "grant_type=authorization_code&code=abc&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&client_id=x&code_verifier=y",
                "a=1&a=2&b",
                "scope=openid+profile%20email&state=%C3%A9%F0%9F%98%80&nonce=&=&==&&", "",
            ],
            tokens: ["&", "=", "%", "%0", "%00", "%0d%0a", "%FF", "%C3", "+", "&&", "a", ";", "?", "#"])
        var accepted = 0
        for _ in 0..<count {
            let bytes = mutator.next()
            let parameters: Parameters
            do {
                parameters = try Parameters(urlEncoded: bytes)
            } catch {
                #expect(error.status == 400 && error.code == .invalidRequest)
                continue
            }
            accepted += 1
            for name in parameters.names {
                if let value = try? parameters.optional(name) {
                    #expect(!value.isEmpty && value.utf8.count <= 4_096 && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
                }
            }
            let again = try Parameters(parameters.pairs.map { ($0.name, $0.value) })
            #expect(again.pairs.map(\.name) == parameters.pairs.map(\.name) && again.pairs.map(\.value) == parameters.pairs.map(\.value))
        }
        #expect(accepted > count / 20)
    }

    @Test("JSONValue: what is accepted encodes and reads back the same")
    func json() throws {
        var mutator = Mutator(
            seed: 2,
            corpus: [
                #"{"a":[1,-2.5e1,true,false,null,"x\n\u00e9\ud83d\ude00"],"b":{"c":{}},"d":[]}"#, "[[[[[[1]]]]]]", #""text""#, "-0.0e-7",
                " 12 ",
                #"{"redirect_uris":["https://a.example/cb"],"client_name":"é"}"#,
            ],
            tokens: [
                "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "\\ud800", "e", "-", "0", "999999999999999999999", "null", "tru", "1e400",
            ])
        var accepted = 0
        for _ in 0..<count {
            guard let value = try? JSONValue(parsing: mutator.next()) else { continue }
            accepted += 1
            #expect(try JSONValue(parsing: value.encoded()) == value)
            #expect(throws: Never.self) { try? ClientMetadata(registering: value) }
        }
        #expect(accepted > count / 20)
    }

    @Test("JWSHeader and CompactJWS never trap, and never let none pass")
    func headers() async throws {
        let signer = try TestSigner.shared.get()
        let key = try signer.es256
        let claims: JSONValue = ["iss": "i", "exp": 2_000_000_000]
        let token = try signer.token(claims)
        var mutator = Mutator(
            seed: 3,
            corpus: [#"{"alg":"ES256","typ":"at+jwt","kid":"ec"}"#, #"{"alg":"none"}"#, #"{"alg":"HS256","crit":["b64"],"b64":false}"#],
            tokens: ["\"alg\":\"none\",", "\"crit\":[],", "\"", "{", "}", ",", "\\u0061lg", "null", "[", "none"])
        for _ in 0..<count {
            let bytes = mutator.next()
            if let header = try? JWSHeader(parsing: bytes) {
                #expect(!header.algorithm.isEmpty && header.json["crit"] == nil && header.json["b64"] == nil)
            }
        }
        var tokens = Mutator(seed: 4, corpus: [token], tokens: [".", "..", "=", "A", "eyJhbGciOiJub25lIn0.", "-", "+"])
        let rules = JWTVerification.accessToken(issuer: "i")
        for _ in 0..<count {
            let changed = String(decoding: tokens.next(), as: UTF8.self)
            guard changed != token else { continue }
            let result = try? await rules.verify(changed, key: { _ in key }, now: Date(timeIntervalSince1970: 1_900_000_000))
            #expect(result == nil, "\(changed)")
        }
    }

    @Test("RedirectURI: what is accepted is ASCII with a known host, and matches itself alone")
    func redirects() {
        var mutator = Mutator(
            seed: 5,
            corpus: [
                "https://app.example/cb?x=1", "http://127.0.0.1:8081/callback", "http://[::1]:5000/cb", "com.example.app:/oauth",
                "http://localhost/cb",
                "https://[2001:db8::1]:8443/cb",
            ],
            tokens: [
                "@", "\\", "//", "#", ":", "javascript:", "%2e", "%00", "]", "[", "::", ".", "..", "?", " ", "é", "\u{212A}", "0x7f", "*",
            ])
        for _ in 0..<count {
            let text = String(decoding: mutator.next(), as: UTF8.self)
            guard let uri = try? RedirectURI(registering: text) else { continue }
            #expect(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "#") })
            #expect(uri.matches(text) && !uri.matches(text + "x") && uri.text == text)
            if uri.isPrivateUseScheme {
                #expect(text.prefix { $0 != ":" }.contains("."))
            } else {
                let origin = uri.origin ?? ""
                #expect(!origin.contains("@") && !origin.contains("%"))
                #expect(origin.hasPrefix("https://") || uri.isLoopback)
            }
            #expect(throws: Never.self) { try RedirectURI(registering: uri.appending([("code", "a b"), ("state", "é&=#")])) }
        }
    }

    @Test("BasicCredentials: what is accepted encodes and reads back the same")
    func basic() throws {
        var mutator = Mutator(
            seed: 6, corpus: ["Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3", "basic YTpi", "Basic JTQxOiUzQQ=="],
            tokens: ["=", "==", " ", "Basic ", "+", "/", "-", "_", "YTpi", "Og=="])
        for _ in 0..<count {
            let field = String(decoding: mutator.next(), as: UTF8.self)
            do {
                guard let read = try BasicCredentials(authorization: field) else { continue }
                let again = try BasicCredentials(
                    authorization: BasicCredentials.headerValue(clientID: read.clientID, clientSecret: read.clientSecret))
                #expect(again?.clientID == read.clientID && again?.clientSecret == read.clientSecret)
            } catch {
                #expect(error.code == .invalidClient)
            }
            _ = try? BearerToken(authorization: field)
        }
    }

    @Test("ClaimsRequest: what is accepted encodes and reads back the same")
    func claims() throws {
        var mutator = Mutator(
            seed: 7,
            corpus: [
                #"{"userinfo":{"given_name":{"essential":true},"nickname":null},"id_token":{"acr":{"values":["a","b"]},"sub":{"value":"248"}}}"#,
                #"{"id_token":{"auth_time":{"essential":false,"value":[1]}}}"#,
            ],
            tokens: ["{", "}", "null", "\"", ",", ":", "true", "\"essential\":true,", "[]", "\"userinfo\":"])
        for _ in 0..<count {
            do {
                let request = try ClaimsRequest(parsing: String(decoding: mutator.next(), as: UTF8.self))
                #expect(try ClaimsRequest(parsing: String(decoding: request.encoded(), as: UTF8.self)) == request)
            } catch {
                #expect(error.code == .invalidRequest)
            }
        }
    }
}
