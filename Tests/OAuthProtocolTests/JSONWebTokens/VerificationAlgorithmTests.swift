import Crypto
import FoundationEssentials
import Testing

@testable import OAuthProtocol

/// PS256 and EdDSA, which others sign with and we don't: the key says which algorithm it is for, the token never (RFC 8725 §3.1).
@Suite struct VerificationAlgorithmTests {
    private let signer: TestSigner
    private let rules = JWTVerification(
        types: ["JWT"], isTypeOptional: true, algorithms: JWTVerification.verifiable, issuer: nil, audience: nil)
    private let payload = Array(#"{"sub":"ada"}"#.utf8)

    init() throws { signer = try TestSigner.shared.get() }

    private func refusal(_ token: String, _ key: JWK, by rules: JWTVerification? = nil) async -> JWTRefusal? {
        do {
            _ = try await (rules ?? self.rules).verifySignatureOnly(token, key: { try VerificationKey(try JWKSet([key]).require(for: $0)) })
            return nil
        } catch {
            return error
        }
    }

    private func input(_ algorithm: String) -> String { signer.input(["alg": .string(algorithm)], payload) }

    @Test func `an RSA key that says PS256 verifies PS256 and nothing else`() async throws {
        let key = try signer.rsaJWK("PS256")
        #expect(key.verificationAlgorithm == "PS256")
        #expect(try await refusal(signer.rsaSigned(input("PS256"), isPSS: true), key) == nil)
        // The other padding under the name, and the other name.
        #expect(try await refusal(signer.rsaSigned(input("PS256")), key) == .signatureMismatch)
        #expect(try await refusal(signer.rsaSigned(input("RS256")), key) == .unknownKey)
        #expect(try await refusal(signer.rsaSigned(input("RS256"), isPSS: true), key) == .unknownKey)
        #expect(try await refusal(signer.rsaSigned(input("PS256"), isPSS: true) + "AA", key) != nil)
    }

    @Test(arguments: ["RS256", nil])
    func `any other RSA key verifies RS256 and nothing else`(_ algorithm: String?) async throws {
        let key = try signer.rsaJWK(algorithm)
        #expect(try await refusal(signer.rsaSigned(input("RS256")), key) == nil)
        #expect(try await refusal(signer.rsaSigned(input("RS256"), isPSS: true), key) == .signatureMismatch)
        #expect(try await refusal(signer.rsaSigned(input("PS256"), isPSS: true), key) == .unknownKey)
    }

    /// RFC 8037, Appendix A.
    @Test func `the Ed25519 key, thumbprint and signature of RFC 8037`() async throws {
        let key = try JWK(parsing: ["kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"])
        #expect(key.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        #expect(try JWK(parsing: key.json) == key)
        let verifier = try VerificationKey(key)
        #expect(verifier.algorithm == "EdDSA")
        let signature = try #require(
            Base64URL.decode("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"))
        let message = Array("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".utf8)
        #expect(await verifier.isValid(signature, for: message))
        #expect(await verifier.isValid(signature, for: message + [0]) == false)
        #expect(await verifier.isValid(Array(signature.dropLast()), for: message) == false)
        #expect(await verifier.isValid([UInt8](repeating: 0, count: 64), for: message) == false)
    }

    @Test func `an Ed25519 key verifies EdDSA and nothing else`() async throws {
        let secret = Curve25519.Signing.PrivateKey()
        let key = JWK(.ed25519(Array(secret.publicKey.rawRepresentation)), keyID: "ed")
        func signed(_ algorithm: String) throws -> String {
            let input = input(algorithm)
            return input + "." + Base64URL.encode(Array(try secret.signature(for: Array(input.utf8))))
        }
        #expect(try await refusal(signed("EdDSA"), key) == nil)
        for other in ["ES256", "RS256", "PS256"] { #expect(try await refusal(signed(other), key) == .unknownKey) }
        // Nor does an EC key verify under that name.
        #expect(try await refusal(signed("EdDSA"), JWK(parsing: JWKTests.p256)) == .unknownKey)
        #expect(throws: JWTRefusal.unsuitableKey) { try JWK(parsing: ["kty": "OKP", "crv": "Ed448", "x": "AAAA"]) }
        #expect(throws: JWTRefusal.unsuitableKey) { try JWK(parsing: ["kty": "OKP", "crv": "Ed25519", "x": "AAAA"]) }
    }

    @Test func `our own tokens are of the algorithms that we sign with`() async throws {
        let rules = JWTVerification(types: ["JWT"], isTypeOptional: true, issuer: nil, audience: nil)
        #expect(try await refusal(signer.rsaSigned(input("PS256"), isPSS: true), signer.rsaJWK("PS256"), by: rules) == .algorithmNotAllowed)
    }
}
