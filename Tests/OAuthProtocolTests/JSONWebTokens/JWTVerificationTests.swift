import Crypto
import FoundationEssentials
import Testing

@testable import OAuthProtocol

@Suite("JWTVerification")
struct JWTVerificationTests {
    private let signer: TestSigner
    private let es256: VerificationKey
    private let rs256: VerificationKey
    private let now = Date(timeIntervalSince1970: 1_800_000_000)
    private let accessToken = JWTVerification.accessToken(issuer: "https://id.example", audience: "api")

    init() throws {
        signer = try TestSigner.shared.get()
        es256 = try signer.es256
        rs256 = try signer.rs256
    }

    private func claims(_ changes: [String: JSONValue?] = [:]) -> JSONValue {
        var members: [String: JSONValue] = [
            "iss": "https://id.example", "aud": "api", "sub": "alice", "iat": 1_800_000_000, "exp": 1_800_003_600,
        ]
        for (name, value) in changes { members[name] = value }
        return .object(members)
    }

    /// Finds by `kid` alone, so that what stops a wrong algorithm is the verification and not the lookup.
    private func find(_ header: JWSHeader) throws -> VerificationKey {
        switch header.keyID {
        case "ec", nil: es256
        case "rsa": rs256
        default: throw JWTRefusal.unknownKey
        }
    }

    private func verify(_ token: String, by rules: JWTVerification? = nil, at now: Date? = nil) async throws(JWTRefusal) -> JSONValue {
        try await (rules ?? accessToken).verify(token, key: find, now: now ?? self.now)
    }

    private func refusal(_ token: String, by rules: JWTVerification? = nil, at now: Date? = nil) async -> JWTRefusal? {
        do {
            _ = try await verify(token, by: rules, at: now)
            return nil
        } catch {
            return error
        }
    }

    @Test("accepts tokens of both algorithms")
    func accepted() async throws {
        #expect(try await verify(signer.token(claims()))["sub"] == "alice")
        let rsa = try signer.rsaSigned(signer.input(["alg": "RS256", "typ": "at+jwt", "kid": "rsa"], claims().encoded()))
        #expect(try await verify(rsa)["sub"] == "alice")
        #expect(try await verify(rsa)["sub"] == "alice")
        #expect(try await verify(signer.token(claims(["aud": ["other", "api"]])))["sub"] == "alice")
        #expect(
            try await verify(signer.token(claims(), header: ["alg": "ES256", "typ": "application/AT+JWT", "kid": "ec"]))["sub"] == "alice")
    }

    @Test("alg none is refused, with and without a signature", arguments: ["none", "None", "NONE", "nOnE", ""])
    func none(algorithm: String) async throws {
        let input = signer.input(["alg": .string(algorithm), "typ": "at+jwt", "kid": "ec"], claims().encoded())
        let signed = try signer.ecSigned(input)
        for token in [input + ".", signed] { #expect(await refusal(token) == .algorithmNotAllowed) }
        let rules = JWTVerification(types: ["at+jwt"], algorithms: [algorithm], issuer: nil, audience: nil)
        #expect(await refusal(signed, by: rules) == .algorithmNotAllowed)
    }

    @Test("HMAC with the public key as its secret is refused, even where a list names it")
    func hmac() async throws {
        let input = signer.input(["alg": "HS256", "typ": "at+jwt", "kid": "ec"], claims().encoded())
        for secret in [Data(signer.ecKey.publicKey.x963Representation), Data(signer.ecKey.publicKey.pemRepresentation.utf8)] {
            let mac = HMAC<SHA256>.authenticationCode(for: Data(input.utf8), using: SymmetricKey(data: secret))
            let token = input + "." + Base64URL.encode(Array(mac))
            #expect(await refusal(token) == .algorithmNotAllowed)
            let rules = JWTVerification(types: ["at+jwt"], algorithms: ["HS256", "ES256"], issuer: nil, audience: nil)
            #expect(await refusal(token, by: rules) == .algorithmNotAllowed)
        }
    }

    @Test("a key verifies under its own algorithm only")
    func confusion() async throws {
        let asRSA = try signer.rsaSigned(signer.input(["alg": "RS256", "typ": "at+jwt", "kid": "ec"], claims().encoded()))
        #expect(await refusal(asRSA) == .unsuitableKey)
        let asEC = try signer.ecSigned(signer.input(["alg": "ES256", "typ": "at+jwt", "kid": "rsa"], claims().encoded()))
        #expect(await refusal(asEC) == .unsuitableKey)
        for algorithm: JSONValue in ["ES384", "RS512", "PS256", "EdDSA", "es256", .null, 1, ["ES256"]] {
            #expect(
                try await refusal(signer.token(claims(), header: ["alg": algorithm, "typ": "at+jwt", "kid": "ec"])) == .algorithmNotAllowed)
        }
        let onlyRSA = JWTVerification(types: ["at+jwt"], algorithms: ["RS256"], issuer: nil, audience: nil)
        #expect(try await refusal(signer.token(claims()), by: onlyRSA) == .algorithmNotAllowed)
    }

    @Test("an unknown or unfit kid is refused, not tried with another key")
    func keyIDs() async throws {
        #expect(try await refusal(signer.token(claims(), header: ["alg": "ES256", "typ": "at+jwt", "kid": "x"])) == .unknownKey)
        for keyID: JSONValue in [1, ["ec"], .null, .string(String(repeating: "k", count: 257))] {
            #expect(try await refusal(signer.token(claims(), header: ["alg": "ES256", "typ": "at+jwt", "kid": keyID])) == .malformed)
        }
    }

    @Test("an ID token is no access token, nor the reverse")
    func types() async throws {
        let idToken = JWTVerification.idToken(issuer: "https://id.example", audience: "api")
        for type: JSONValue in ["JWT", "jwt", "logout+jwt", "dpop+jwt", "", "at+jwt "] {
            #expect(try await refusal(signer.token(claims(), header: ["alg": "ES256", "typ": type, "kid": "ec"])) == .typeNotAllowed)
        }
        #expect(try await refusal(signer.token(claims(), header: ["alg": "ES256", "kid": "ec"])) == .typeNotAllowed)
        #expect(try await refusal(signer.token(claims()), by: idToken) == .typeNotAllowed)
        #expect(try await refusal(signer.token(claims(), header: ["alg": "ES256", "kid": "ec"]), by: idToken) == nil)
        #expect(try await refusal(signer.token(claims(), header: ["alg": "ES256", "typ": "JWT", "kid": "ec"]), by: idToken) == nil)
        #expect(try await refusal(signer.token(claims(), header: ["alg": "ES256", "typ": 1, "kid": "ec"]), by: idToken) == .malformed)
    }

    @Test("crit and b64 are refused whatever they say")
    func extensions() async throws {
        for value: JSONValue in [["exp"], ["b64"], [], .null] {
            let header: JSONValue = ["alg": "ES256", "typ": "at+jwt", "kid": "ec", "crit": value]
            #expect(try await refusal(signer.token(claims(), header: header)) == .criticalExtension)
        }
        for value: JSONValue in [false, true, .null] {
            let header: JSONValue = ["alg": "ES256", "typ": "at+jwt", "kid": "ec", "b64": value]
            #expect(try await refusal(signer.token(claims(), header: header)) == .unencodedPayload)
        }
    }

    @Test("times are checked with ten seconds of tolerance")
    func times() async throws {
        func outcome(_ changes: [String: JSONValue?]) async throws -> JWTRefusal? { try await refusal(signer.token(claims(changes))) }
        #expect(try await outcome(["exp": 1_799_999_991]) == nil)
        #expect(try await outcome(["exp": 1_799_999_990]) == .expired)
        #expect(try await outcome(["exp": 1_800_000_000.5]) == nil)
        #expect(try await outcome(["nbf": 1_800_000_010]) == nil)
        #expect(try await outcome(["nbf": 1_800_000_011]) == .notYetValid)
        #expect(try await outcome(["iat": 1_800_000_011]) == .notYetValid)
        #expect(try await outcome(["iat": nil]) == nil)
    }

    @Test("exp must be there and be a time")
    func expiry() async throws {
        #expect(try await refusal(signer.token(claims(["exp": nil]))) == .missingClaim("exp"))
        for value: JSONValue in ["1800003600", .null, true, [1_800_003_600], [:], -1, 1e300, 253_402_300_800, .int(.max), .int(.min)] {
            #expect(try await refusal(signer.token(claims(["exp": value]))) == .malformedClaim("exp"))
            #expect(try await refusal(signer.token(claims(["nbf": value]))) == .malformedClaim("nbf"))
            #expect(try await refusal(signer.token(claims(["iat": value]))) == .malformedClaim("iat"))
        }
        let infinite = Array(#"{"iss":"https://id.example","aud":"api","exp":1e999}"#.utf8)
        #expect(
            try await refusal(signer.ecSigned(signer.input(["alg": "ES256", "typ": "at+jwt", "kid": "ec"], infinite))) == .malformed)
    }

    @Test("issuer and audience must be ours")
    func parties() async throws {
        #expect(try await refusal(signer.token(claims(["iss": "https://id.example/"]))) == .wrongIssuer)
        #expect(try await refusal(signer.token(claims(["iss": nil]))) == .missingClaim("iss"))
        #expect(try await refusal(signer.token(claims(["iss": ["https://id.example"]]))) == .malformedClaim("iss"))
        #expect(try await refusal(signer.token(claims(["aud": "API"]))) == .wrongAudience)
        #expect(try await refusal(signer.token(claims(["aud": []]))) == .wrongAudience)
        #expect(try await refusal(signer.token(claims(["aud": nil]))) == .missingClaim("aud"))
        #expect(try await refusal(signer.token(claims(["aud": ["api", 1]]))) == .malformedClaim("aud"))
        #expect(try await refusal(signer.token(claims(["aud": 1]))) == .malformedClaim("aud"))
    }

    @Test("a changed token is refused, wherever it was changed")
    func tampering() async throws {
        let token = try signer.token(claims())
        let parts = token.split(separator: ".").map(String.init)
        #expect(await refusal("\(parts[0]).\(Base64URL.encode(claims(["sub": "mallory"]).encoded())).\(parts[2])") == .signatureMismatch)
        #expect(await refusal("\(parts[0]).\(parts[1]).\(Base64URL.encode([UInt8](repeating: 7, count: 64)))") == .signatureMismatch)
        for text in [
            "", ".", "..", "...", "a.b.c", parts[0], "\(parts[0]).\(parts[1])", token + ".", token + "=", token + " ", token + "\n",
            " " + token,
            token + "." + parts[2], token + "A", "\(parts[0])=.\(parts[1]).\(parts[2])", "\(parts[0]).\(parts[1]).\(parts[2].dropLast())",
            "Bearer " + token, token.replacing(".", with: ".."),
        ] {
            let outcome = await refusal(text)
            #expect(outcome == .malformed || outcome == .signatureMismatch, "\(text.prefix(40))")
        }
        #expect(await refusal("\(parts[0]).\(parts[1]).") == .signatureMismatch)
        #expect(await refusal(token + String(repeating: "A", count: 16_384)) == .tooLarge)
    }

    @Test("a signature has one spelling")
    func signatureSpelling() async throws {
        let input = signer.input(["alg": "ES256", "typ": "at+jwt", "kid": "ec"], claims().encoded())
        let signature = try signer.ecKey.signature(for: Data(input.utf8))
        let raw = Array(signature.rawRepresentation)
        #expect(await refusal(input + "." + Base64URL.encode(raw)) == nil)
        let zeros = [UInt8](repeating: 0, count: 32)
        let bad: [[UInt8]] = [
            Array(signature.derRepresentation), raw + [0], [0] + raw, Array(raw.dropLast()), zeros + zeros, zeros + raw[32...],
            raw[..<32] + zeros,
            [UInt8](repeating: 0xFF, count: 64), Array(raw[32...] + raw[..<32]), [],
        ]
        for bytes in bad { #expect(await refusal(input + "." + Base64URL.encode(bytes)) == .signatureMismatch) }

        // 64 bytes leave four unused bits in their last letter: the 15 other spellings of the same bytes must not pass.
        let text = Array((input + "." + Base64URL.encode(raw)).utf8)
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        for letter in letters where letter != text[text.count - 1] {
            #expect(await refusal(String(decoding: text.dropLast() + [letter], as: UTF8.self)) != nil)
        }
    }

    @Test("an RS256 signature has the length of its key")
    func rsaLength() async throws {
        let token = try signer.rsaSigned(signer.input(["alg": "RS256", "typ": "at+jwt", "kid": "rsa"], claims().encoded()))
        let cut = try #require(token.lastIndex(of: "."))
        let signature = try #require(Base64URL.decode(token[token.index(after: cut)...]))
        for bytes in [
            [0] + signature, Array(signature.dropLast()), [], [UInt8](repeating: 0, count: 256), [UInt8](repeating: 0xFF, count: 256),
        ] {
            #expect(await refusal(token[...cut] + Base64URL.encode(bytes)) == .signatureMismatch)
        }
    }

    @Test("bombs and doubled members are refused")
    func hostileJSON() async throws {
        let header: JSONValue = ["alg": "ES256", "typ": "at+jwt", "kid": "ec"]
        let bomb = Array(String(repeating: "[", count: 9_000).utf8)
        #expect(try await refusal(signer.ecSigned(signer.input(header, bomb))) == .malformed)
        for payload in ["", "[]", "1", "{}x", "{\"exp\":1,\"exp\":9999999999}", "\u{FEFF}{}"] {
            #expect(try await refusal(signer.ecSigned(signer.input(header, Array(payload.utf8)))) == .malformed)
        }
        for text in [
            #"{"alg":"none","alg":"ES256","typ":"at+jwt"}"#, #"{"alg":"ES256","typ":"at+jwt","\u0061lg":"none"}"#,
            #"{"alg":"ES256","typ":"at+jwt"}{}"#, String(repeating: "{\"a\":", count: 2_000), "[]", "null", "", "{\"alg\":\"ES256\"",
        ] {
            let input = Base64URL.encode(text.utf8) + "." + Base64URL.encode(claims().encoded())
            #expect(try await refusal(signer.ecSigned(input)) == .malformed)
        }
        let long = signer.input(["alg": "ES256", "typ": "at+jwt", "x": .string(String(repeating: "x", count: 4_096))], claims().encoded())
        #expect(try await refusal(signer.ecSigned(long)) == .malformed)
    }

    @Test("a hint may have expired, and must still be signed by us")
    func signatureOnly() async throws {
        let rules = JWTVerification.idToken(issuer: "https://id.example")
        let header: JSONValue = ["alg": "ES256", "kid": "ec"]
        let old = try signer.token(claims(["exp": 1]), header: header)
        #expect(try await rules.verifySignatureOnly(old, key: find)["sub"] == "alice")
        await #expect(throws: JWTRefusal.wrongIssuer) {
            try await rules.verifySignatureOnly(signer.token(claims(["iss": "https://other.example"]), header: header), key: find)
        }
        await #expect(throws: JWTRefusal.signatureMismatch) {
            try await rules.verifySignatureOnly(old.dropLast(86) + Base64URL.encode([UInt8](repeating: 1, count: 64)), key: find)
        }
        await #expect(throws: JWTRefusal.algorithmNotAllowed) {
            try await rules.verifySignatureOnly(signer.input(["alg": "none"], claims().encoded()) + ".", key: find)
        }
        await #expect(throws: JWTRefusal.typeNotAllowed) { try await rules.verifySignatureOnly(signer.token(claims()), key: find) }
    }
}
