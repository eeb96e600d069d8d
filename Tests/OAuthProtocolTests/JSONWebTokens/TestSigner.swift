import Crypto
import CryptoExtras
import FoundationEssentials

@testable import OAuthProtocol

/// Signs whatever a test likes, right or wrong.
struct TestSigner: Sendable {
    let ecKey: P256.Signing.PrivateKey
    let rsaKey: _RSA.Signing.PrivateKey

    init() throws {
        ecKey = P256.Signing.PrivateKey()
        rsaKey = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    }

    /// One for all suites: making an RSA key takes a while.
    static let shared = Result { try TestSigner() }

    var es256: VerificationKey {
        get throws { try VerificationKey(es256: Array(ecKey.publicKey.x963Representation), keyID: "ec") }
    }

    var rs256: VerificationKey {
        get throws {
            let numbers = try rsaKey.publicKey.getKeyPrimitives()
            return try VerificationKey(rs256: Array(numbers.modulus), exponent: Array(numbers.publicExponent), keyID: "rsa")
        }
    }

    func input(_ header: JSONValue, _ payload: [UInt8]) -> String {
        Base64URL.encode(header.encoded()) + "." + Base64URL.encode(payload)
    }

    func ecSigned(_ input: String) throws -> String {
        input + "." + Base64URL.encode(try ecKey.signature(for: Data(input.utf8)).rawRepresentation)
    }

    func rsaSigned(_ input: String, isPSS: Bool = false) throws -> String {
        let digest = SHA256.hash(data: Data(input.utf8))
        return input + "."
            + Base64URL.encode(try rsaKey.signature(for: digest, padding: isPSS ? .PSS : .insecurePKCS1v1_5).rawRepresentation)
    }

    /// The RSA key, for this algorithm.
    func rsaJWK(_ algorithm: String?) throws -> JWK {
        let numbers = try rsaKey.publicKey.getKeyPrimitives()
        return JWK(
            .rsa(modulus: Array(numbers.modulus), exponent: Array(numbers.publicExponent)), keyID: "rsa", algorithm: algorithm)
    }

    func token(_ claims: JSONValue, header: JSONValue = ["alg": "ES256", "typ": "at+jwt", "kid": "ec"]) throws -> String {
        try ecSigned(input(header, claims.encoded()))
    }
}
