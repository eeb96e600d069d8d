import Testing

@testable import OAuthProtocol

@Suite("JWK")
struct JWKTests {
    static let rfc7638Modulus =
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W"
        + "-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08q"
        + "NLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"

    static let p256: JSONValue = [
        "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", "kid": "1",
    ]

    @Test("the thumbprint follows RFC 7638 §3.1")
    func thumbprint() throws {
        let jwk = try JWK(parsing: ["kty": "RSA", "n": .string(Self.rfc7638Modulus), "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"])
        #expect(jwk.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
    }

    @Test("comes back from its JSON")
    func roundTrip() throws {
        let jwk = try JWK(parsing: Self.p256)
        #expect(try JWK(parsing: jwk.json) == jwk)
        #expect(jwk.keyID == "1" && jwk.verificationAlgorithm == "ES256")
        _ = try VerificationKey(jwk)
    }

    @Test("refuses other kinds, private keys and unsound numbers")
    func refusals() {
        func changed(_ name: String, _ value: JSONValue?) -> JSONValue {
            var members = Self.p256.object ?? [:]
            members[name] = value
            return .object(members)
        }
        let bad: [JSONValue] = [
            .null, [], [:], changed("d", "AA"), changed("k", "AA"), changed("kty", "oct"), changed("kty", "OKP"), changed("crv", "P-384"),
            changed("x", nil), changed("x", "AA"), changed("y", "!"), changed("x", .string("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU=")),
            changed("kid", .string(String(repeating: "k", count: 257))),
            ["kty": "RSA", "n": "AQAB", "e": "AQAB"], ["kty": "RSA", "n": .string(Self.rfc7638Modulus)],
            ["kty": "RSA", "n": .string(Self.rfc7638Modulus), "e": "AQ"], ["kty": "RSA", "n": .string(Self.rfc7638Modulus), "e": "AAEAAQ"],
            ["kty": "RSA", "n": .string(Self.rfc7638Modulus), "e": "AQAA"],
            ["kty": "RSA", "n": .string(Self.rfc7638Modulus), "e": "AQAAAAE"],
            ["kty": "RSA", "n": .string("AAAA" + Self.rfc7638Modulus), "e": "AQAB"],
            ["kty": "RSA", "n": .string(Base64URL.encode([UInt8](repeating: 0xFF, count: 1_025))), "e": "AQAB"],
        ]
        for json in bad { #expect(throws: JWTRefusal.unsuitableKey) { try JWK(parsing: json) } }
    }

    @Test("a point off the curve is no key")
    func offCurve() throws {
        let jwk = JWK(.p256(x: [UInt8](repeating: 1, count: 32), y: [UInt8](repeating: 1, count: 32)))
        #expect(throws: JWTRefusal.unsuitableKey) { try VerificationKey(jwk) }
        #expect(throws: JWTRefusal.unsuitableKey) { try VerificationKey(es256: [UInt8](repeating: 4, count: 64)) }
    }

    @Test("a key that names another algorithm or use verifies nothing")
    func bound() throws {
        let material = try JWK(parsing: Self.p256).material
        #expect(throws: JWTRefusal.unsuitableKey) { try VerificationKey(JWK(material, algorithm: "RS256")) }
        #expect(throws: JWTRefusal.unsuitableKey) { try VerificationKey(JWK(material, use: "enc")) }
    }

    @Test("a set leaves out what it doesn't know, and gives the one key that is meant")
    func sets() throws {
        let json: JSONValue = [
            "keys": [
                Self.p256, ["kty": "OKP", "crv": "Ed25519", "x": "AA"],
                ["kty": "RSA", "n": .string(Self.rfc7638Modulus), "e": "AQAB", "use": "enc"],
                ["kty": "RSA", "n": .string(Self.rfc7638Modulus), "e": "AQAB", "kid": "2", "alg": "RS256"],
            ]
        ]
        let set = try JWKSet(parsing: json.encoded())
        #expect(set.keys.count == 2)
        #expect(try JWKSet(parsing: set.json.encoded()) == set)
        func header(_ json: JSONValue) throws -> JWSHeader { try JWSHeader(parsing: json.encoded()) }
        #expect(try set.require(for: header(["alg": "ES256", "kid": "1"])).keyID == "1")
        #expect(try set.require(for: header(["alg": "RS256"])).keyID == "2")
        for unknown: JSONValue in [
            ["alg": "RS256", "kid": "1"], ["alg": "ES256", "kid": "3"], ["alg": "HS256", "kid": "1"], ["alg": "none"],
        ] {
            #expect(throws: JWTRefusal.unknownKey) { try set.require(for: header(unknown)) }
        }
        #expect(throws: JWTRefusal.malformed) { try JWKSet(parsing: "{}".utf8) }
        let many: (Int) -> JSONValue = { ["keys": .array((0..<$0).map { _ in Self.p256 })] }
        #expect(try JWKSet(parsing: many(JWKSet.keysMax).encoded()).keys.count == JWKSet.keysMax)
        #expect(throws: JWTRefusal.malformed) { try JWKSet(parsing: many(JWKSet.keysMax + 1).encoded()) }
        #expect(throws: JWTRefusal.malformed) { try JWKSet(parsing: #"{"keys":[],"keys":[]}"#.utf8) }
    }
}
