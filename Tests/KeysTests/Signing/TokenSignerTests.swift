import FoundationEssentials
import OAuthProtocol
import Testing

@testable import Keys

@Suite struct TokenSignerTests {
    private func makeSigner(_ algorithm: SigningAlgorithm) throws -> (signer: TokenSigner, key: any SigningPrivateKey) {
        let key = try algorithm.privateKeyType.generate()
        return (TokenSigner(keyID: JWK(key.publicKey).thumbprint, algorithm: algorithm, key: key), key)
    }

    /// Verifies by jwt-kit, which shares no line with what signs RS256.
    private func isValid(_ token: String, by key: JWK.Material) async throws -> Bool {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = Base64URL.decode(parts[2]) else { return false }
        return try await VerificationKey(JWK(key)).isValid(signature, for: Array("\(parts[0]).\(parts[1])".utf8))
    }

    @Test(arguments: SigningAlgorithm.allCases, ["at+jwt", "JWT", "unusual+jwt"])
    func `a token carries its header and payload and verifies`(algorithm: SigningAlgorithm, type: String) async throws {
        let (signer, key) = try makeSigner(algorithm)
        let payload = Array(#"{"sub":"ä"}"#.utf8)
        let token = try signer.sign(type: type, payload: payload)
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        let header = try JSONValue(parsing: try #require(Base64URL.decode(parts[0])))
        #expect(header == ["alg": .string(algorithm.rawValue), "kid": .string(signer.keyID), "typ": .string(type)])
        #expect(Base64URL.decode(parts[1]) == payload)
        #expect(Base64URL.decode(parts[2])?.count == (algorithm == .es256 ? 64 : 256))
        #expect(try await isValid(token, by: key.publicKey))
    }

    @Test(arguments: SigningAlgorithm.allCases)
    func `another payload or another key does not verify`(algorithm: SigningAlgorithm) async throws {
        let (signer, key) = try makeSigner(algorithm)
        let (_, otherKey) = try makeSigner(algorithm)
        let token = try signer.sign(type: "JWT", payload: Array("{}".utf8))
        #expect(try await !isValid(token, by: otherKey.publicKey))
        var parts = token.split(separator: ".").map(String.init)
        parts[1] = Base64URL.encode(Array("[]".utf8))
        #expect(try await !isValid(parts.joined(separator: "."), by: key.publicKey))
    }

    @Test(arguments: SigningAlgorithm.allCases)
    func `many threads sign with one key at once`(algorithm: SigningAlgorithm) async throws {
        let (signer, key) = try makeSigner(algorithm)
        try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<64 { group.addTask { try signer.sign(type: "JWT", payload: Array("\(number)".utf8)) } }
            for try await token in group { #expect(try await isValid(token, by: key.publicKey)) }
        }
    }

    @Test(arguments: SigningAlgorithm.allCases)
    func `a stored key reads back as the same key`(algorithm: SigningAlgorithm) async throws {
        let (_, key) = try makeSigner(algorithm)
        let again = try algorithm.privateKeyType.init(stored: key.stored)
        #expect(again.publicKey == key.publicKey)
        let token = try TokenSigner(keyID: "k", algorithm: algorithm, key: again).sign(type: "JWT", payload: [])
        #expect(try await isValid(token, by: key.publicKey))
    }

    @Test(arguments: SigningAlgorithm.allCases)
    func `malformed key material is refused`(algorithm: SigningAlgorithm) throws {
        let type = algorithm.privateKeyType
        let stored = try type.generate().stored
        for bytes in [[], [1, 2, 3], Array(stored.dropLast()), [UInt8](repeating: 0, count: stored.count)] {
            #expect(throws: SigningError.malformedKey(algorithm)) { try type.init(stored: bytes) }
        }
    }

    @Test func `an RSA key under 2048 bits is refused`() throws {
        let weak = try RS256PrivateKey.generate(modulusBits: 1_024).stored
        #expect(throws: SigningError.malformedKey(.rs256)) { try RS256PrivateKey(stored: weak) }
    }

    @Test func `a longer RSA key signs too`() async throws {
        let key = try RS256PrivateKey.generate(modulusBits: 3_072)
        #expect(key.signatureByteCount == 384)
        let token = try TokenSigner(keyID: "k", algorithm: .rs256, key: key).sign(type: "JWT", payload: [])
        #expect(try await isValid(token, by: key.publicKey))
    }

    @Test func `another kind of key is no RSA key`() throws {
        // a P-256 key in DER (RFC 5915)
        let ec = Array(
            try #require(
                Data(
                    base64Encoded: "MHcCAQEEIF6pcqqTW1Ii1n0fRknWJP+gOxl5tv+ioHsKUEWb9xe+oAoGCCqGSM49AwEHoUQDQgAEZvK5tim/MtyJ2gl0SYQSzLFl"
                        + "dN6OCyMwfuziIyjYVbqeUT/ICMG//a4TFBLbxgOc0l9efZAV/zPCSxxhNnrvVg==")))
        #expect(throws: SigningError.malformedKey(.rs256)) { try RS256PrivateKey(stored: ec) }
    }
}
