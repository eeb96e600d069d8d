import Crypto
import CryptoExtras
import FoundationEssentials
import TestKit
import Testing

@testable import OAuthProtocol

@Suite struct DPoPProofTests {
    private static let now = Date(timeIntervalSince1970: 1_562_262_616)
    private static let window = DPoPProof.Window(ageMax: .seconds(300), aheadMax: .seconds(10))
    private static let uri = "https://server.example.com/token"
    private static let target = DPoPTarget(method: "POST", origins: ["https://server.example.com"], requestTarget: "/token")

    private static func check(
        _ fields: [String], _ target: DPoPTarget = target, accessToken: String? = nil, now: Date = now
    ) async throws -> DPoPProof {
        try await DPoPProof(fields, for: target, accessToken: accessToken, window: window, now: now)
    }

    private static func refusal(
        _ fields: [String], _ target: DPoPTarget = target, accessToken: String? = nil, now: Date = now
    ) async -> DPoPRefusal? {
        do throws(DPoPRefusal) {
            _ = try await DPoPProof(fields, for: target, accessToken: accessToken, window: window, now: now)
            return nil
        } catch {
            return error
        }
    }

    // RFC 9449 §4.1, figure 1.
    private static let tokenProof =
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR"
        + "nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaH"
        + "RtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqR"
        + "MUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
    // §7.1, figure 12.
    private static let resourceProof =
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR"
        + "nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaH"
        + "RtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJa"
        + "M0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJ"
        + "pLjA"

    @Test func `the examples of RFC 9449 are accepted, and their key has the thumbprint of §6·1`() async throws {
        let proof = try await Self.check([Self.tokenProof])
        #expect(proof.thumbprint.description == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")
        #expect(proof.identifier == "-BwC3ESc6acc2lTc")
        #expect(proof.signedAt == Self.now)
        #expect(proof.nonce == nil)
        let resource = DPoPTarget(method: "GET", origins: ["https://resource.example.org"], requestTarget: "/protectedresource")
        let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
        let later = Self.now.addingTimeInterval(2)
        let second = try await Self.check([Self.resourceProof], resource, accessToken: token, now: later)
        #expect(second.thumbprint == proof.thumbprint)
        #expect(await Self.refusal([Self.resourceProof], resource, accessToken: token + "x", now: later) == .wrongToken)
    }

    @Test func `a proof that is good is good once its key and claims are`() async throws {
        let prover = TestProver()
        let proof = try await Self.check([try prover.proof("POST", Self.uri, nonce: "n", now: Self.now)])
        #expect(proof.thumbprint.description == (try prover.thumbprint))
        #expect(proof.nonce == "n")
    }

    @Test func `no proof, two, or one that is too large`() async throws {
        let good = try TestProver().proof("POST", Self.uri, now: Self.now)
        #expect(await Self.refusal([]) == .missing)
        #expect(await Self.refusal([good, good]) == .repeated)
        let large = try TestProver().proof("POST", Self.uri, now: Self.now, claims: ["more": .string(String(repeating: "a", count: 8_000))])
        #expect(await Self.refusal([large]) == .tooLarge)
    }

    private struct Spoiled {
        let refusal: DPoPRefusal
        var header: [String: JSONValue?] = [:]
        var claims: [String: JSONValue?] = [:]
    }

    private static func spoiled(_ prover: TestProver) -> [Spoiled] {
        func key(_ name: String, _ value: JSONValue?) -> [String: JSONValue?] {
            var jwk = prover.jwk
            jwk[name] = value
            return ["jwk": .object(jwk)]
        }
        let now = Int64(Self.now.timeIntervalSince1970)
        let types: [JSONValue?] = [nil, "JWT", "at+jwt", "DPoP+JWT", "application/dpop+jwt"]
        let keys = [
            key("kty", "oct"), key("crv", "P-384"), key("x", nil), key("y", "AA"), key("alg", "RS256"), key("use", "enc"),
            ["jwk": nil], ["jwk": "x"], ["jwk": []], ["alg": "RS256"], ["alg": "PS256"], ["alg": "EdDSA"],
        ]
        let missing = ["jti", "htm", "htu", "iat"].map { Spoiled(refusal: .wrongClaim, claims: [$0: nil]) }
        let claims: [(String, JSONValue)] = [
            ("jti", 1), ("jti", ""), ("jti", .string(String(repeating: "j", count: 257))), ("htm", 1), ("htu", ["x"]), ("iat", "now"),
            ("iat", -1), ("nonce", 1), ("nonce", ""), ("nonce", .string(String(repeating: "n", count: 257))), ("exp", "x"),
        ]
        let targets = [
            "http://server.example.com/token", "https://server.example.com/", "https://server.example.com/token/",
            "https://server.example.com:8443/token", "https://other.example.com/token", "https://u@server.example.com/token",
            "/token", "https://server.example.com/Token", "https://server.example.com/to%6Ben/..",
        ]
        return types.map { Spoiled(refusal: .wrongType, header: ["typ": $0]) }
            + ["none", "HS256", "ES384", "PS384", ""].map { Spoiled(refusal: .wrongAlgorithm, header: ["alg": .string($0)]) }
            + keys.map { Spoiled(refusal: .unsuitableKey, header: $0) }
            + ["d", "k", "p", "qi"].map { Spoiled(refusal: .privateKey, header: key($0, "AA")) }
            + [Spoiled(refusal: .malformed, header: ["crit": ["exp"]])]
            + missing + claims.map { Spoiled(refusal: .wrongClaim, claims: [$0.0: $0.1]) }
            + ["GET", "post", "POST "].map { Spoiled(refusal: .wrongMethod, claims: ["htm": .string($0)]) }
            + targets.map { Spoiled(refusal: .wrongTarget, claims: ["htu": .string($0)]) }
            + [
                Spoiled(refusal: .stale, claims: ["iat": .int(now - 301)]), Spoiled(refusal: .stale, claims: ["exp": .int(now)]),
                Spoiled(refusal: .future, claims: ["iat": .int(now + 11)]), Spoiled(refusal: .future, claims: ["nbf": .int(now + 60)]),
            ]
    }

    @Test func `what is wrong with a proof has a reason of its own`() async throws {
        let prover = TestProver()
        for spoiled in Self.spoiled(prover) {
            let proof = try prover.proof("POST", Self.uri, now: Self.now, header: spoiled.header, claims: spoiled.claims)
            #expect(await Self.refusal([proof]) == spoiled.refusal, "\(spoiled.header) \(spoiled.claims)")
        }
        let edges: [[String: JSONValue?]] = [
            ["iat": .int(1_562_262_616 - 300)], ["iat": .int(1_562_262_616 + 10)], ["iat": 1_562_262_615.5],
            ["htu": "HTTPS://Server.Example.com:443/%74oken?x=y#z"], ["htu": "https://server.example.com/a/../token"],
        ]
        for claims in edges {
            #expect(await Self.refusal([try prover.proof("POST", Self.uri, now: Self.now, claims: claims)]) == nil, "\(claims)")
        }
    }

    @Test func `a token's proof names the token`() async throws {
        let prover = TestProver()
        let plain = try prover.proof("POST", Self.uri, now: Self.now)
        #expect(await Self.refusal([plain], accessToken: "a.b.c") == .wrongClaim)
        let other = try prover.proof("POST", Self.uri, token: "a.b.d", now: Self.now)
        #expect(await Self.refusal([other], accessToken: "a.b.c") == .wrongToken)
        let right = try prover.proof("POST", Self.uri, token: "a.b.c", now: Self.now)
        #expect(await Self.refusal([right], accessToken: "a.b.c") == nil)
    }

    @Test func `only whoever holds the key makes its proofs`() async throws {
        let (mine, other) = (TestProver(), TestProver())
        let forged = try other.proof("POST", Self.uri, now: Self.now, header: ["jwk": .object(mine.jwk)])
        #expect(await Self.refusal([forged]) == .signatureMismatch)
        let parts = try mine.proof("POST", Self.uri, now: Self.now).split(separator: ".")
        #expect(await Self.refusal(["\(parts[0]).\(parts[1])."]) == .signatureMismatch)
        #expect(await Self.refusal(["\(parts[0]).\(parts[1])"]) == .malformed)
        #expect(await Self.refusal(["\(parts[0]).e30.\(parts[2])"]) == .wrongClaim)
        #expect(await Self.refusal(["\(parts[0]).W10.\(parts[2])"]) == .malformed)
        #expect(await Self.refusal([""]) == .malformed)
    }

    @Test func `keys of Ed25519 and RSA do as well, and DER is no signature`() async throws {
        let claims = try TestProver().proof("POST", Self.uri, now: Self.now).split(separator: ".")[1]
        let edwards = Curve25519.Signing.PrivateKey()
        let point = Base64URL.encode(Array(edwards.publicKey.rawRepresentation))
        func input(_ header: JSONValue) -> String { Base64URL.encode(header.encoded()) + "." + claims }
        let edwardsInput = input(
            ["typ": "dpop+jwt", "alg": "EdDSA", "jwk": ["kty": "OKP", "crv": "Ed25519", "x": .string(point)]])
        let edwardsProof = edwardsInput + "." + Base64URL.encode(Array(try edwards.signature(for: Array(edwardsInput.utf8))))
        // RFC 8037 §2: crv, kty, x.
        let canonical = #"{"crv":"Ed25519","kty":"OKP","x":"\#(point)"}"#
        #expect(try await Self.check([edwardsProof]).thumbprint.description == Base64URL.encode(SHA256.hash(data: Array(canonical.utf8))))

        let signer = try TestSigner.shared.get()
        let numbers = try signer.rsaKey.publicKey.getKeyPrimitives()
        let rsaKey: JSONValue = [
            "kty": "RSA", "n": .string(Base64URL.encode(Array(numbers.modulus))),
            "e": .string(Base64URL.encode(Array(numbers.publicExponent))),
        ]
        let rsaInput = input(["typ": "dpop+jwt", "alg": "RS256", "jwk": rsaKey])
        #expect(await Self.refusal([try signer.rsaSigned(rsaInput)]) == nil)
        #expect(await Self.refusal([try signer.rsaSigned(rsaInput) + "A"]) != nil)
        // Either padding under its own name, and neither under the other's or that of a curve.
        for (algorithm, isPSS, expected) in [
            ("PS256", true, nil), ("PS256", false, .signatureMismatch), ("RS256", true, .signatureMismatch),
            ("ES256", true, .unsuitableKey),
            ("PS384", true, .wrongAlgorithm),
        ] as [(String, Bool, DPoPRefusal?)] {
            let rsaInput = input(["typ": "dpop+jwt", "alg": .string(algorithm), "jwk": rsaKey])
            #expect(await Self.refusal([try signer.rsaSigned(rsaInput, isPSS: isPSS)]) == expected, "\(algorithm) \(isPSS)")
        }
        let curveInput = input(["typ": "dpop+jwt", "alg": "PS256", "jwk": .object(TestProver().jwk)])
        #expect(await Self.refusal([try signer.rsaSigned(curveInput, isPSS: true)]) == .unsuitableKey)
        // Larger than anybody needs.
        let huge = Base64URL.encode([UInt8](repeating: 0xFF, count: 513))
        let hugeInput = input(["typ": "dpop+jwt", "alg": "RS256", "jwk": ["kty": "RSA", "n": .string(huge), "e": "AQAB"]])
        #expect(await Self.refusal([try signer.rsaSigned(hugeInput)]) == .unsuitableKey)

        let prover = TestProver()
        let ecInput = input(["typ": "dpop+jwt", "alg": "ES256", "jwk": .object(prover.jwk)])
        let der = Array(try prover.key.signature(for: Array(ecInput.utf8)).derRepresentation)
        #expect(await Self.refusal([ecInput + "." + Base64URL.encode(der)]) == .signatureMismatch)
    }

    @Test func `a request may have been sent under several addresses`() async throws {
        let target = DPoPTarget(
            method: "GET", origins: ["https://a.example", "https://b.example:8444"], requestTarget: "/v1/keys?after=%zz#x")
        for (uri, expected) in [
            ("https://a.example/v1/keys", nil), ("https://b.example:8444/v1/keys", nil),
            ("https://b.example/v1/keys", DPoPRefusal.wrongTarget),
        ] {
            #expect(await Self.refusal([try TestProver().proof("GET", uri, now: Self.now)], target) == expected)
        }
    }

    @Test func `addresses are compared in one spelling`() {
        let spellings: [(String, String?)] = [
            ("https://a.example", "https://a.example/"), ("HTTP://A.example:80/x", "http://a.example/x"),
            ("https://a.example/%7euser/%2f%c3%a9", "https://a.example/~user/%2F%C3%A9"),
            ("https://a.example/./b/../c/.", "https://a.example/c/"),
            ("https://a.example/..", "https://a.example/"), ("https://a.example//b", "https://a.example//b"),
            ("https://[::1]:8443/?x", "https://[::1]:8443/"), ("ftp://a.example/", nil), ("a.example", nil), ("", nil),
            ("https://a.example/\u{e9}", nil), ("https://a.example/%0a", nil), ("https://a.example\\@b.example/", nil),
        ]
        for (spelling, expected) in spellings { #expect(DPoPTarget.normalised(spelling) == expected, "\(spelling)") }
    }

    @Test func `whatever arrives as a proof is refused or whole`() async throws {
        let good = try TestProver().proof("POST", Self.uri, now: Self.now)
        var mutator = Mutator(seed: 9, corpus: [good, "..", "a.b.c", ""], tokens: [".", "e30", "=", "A", "{}", "\0"])
        for _ in 0..<1_000 {
            let text = String(decoding: mutator.next(), as: UTF8.self)
            guard let proof = try? await Self.check([text]) else { continue }
            #expect(text.utf8.elementsEqual(good.utf8) || proof.identifier.utf8.count <= DPoPProof.identifierBytesMax)
        }
    }
}
