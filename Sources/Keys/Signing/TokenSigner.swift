import OAuthProtocol

/// Signs JWTs with one key: the hottest piece of the program. A token is header, payload and signature in base64url, written once into
/// one buffer (RFC 7515 §7.1). Any number of threads sign at once; there is no lock on the path.
package final class TokenSigner: Sendable {
    /// The `kid` of the header and the JWKS: the key's RFC 7638 thumbprint.
    package let keyID: String
    package let algorithm: SigningAlgorithm

    private let key: any SigningPrivateKey
    /// The encoded headers of the types that are issued, each with its full stop.
    private let headers: [(type: String, encoded: [UInt8])]
    private let signatureByteCount: Int

    /// `at+jwt`: RFC 9068 §2.1. `JWT`: ID tokens. `logout+jwt`: Back-Channel Logout §2.4. `token-introspection+jwt`: RFC 9701 §5.
    /// `gatehouse-identity+jwt`: what the door tells the service behind it.
    private static let usualTypes = ["at+jwt", "JWT", "logout+jwt", "token-introspection+jwt", "gatehouse-identity+jwt"]

    init(keyID: String, algorithm: SigningAlgorithm, key: any SigningPrivateKey) {
        self.keyID = keyID
        self.algorithm = algorithm
        self.key = key
        headers = Self.usualTypes.map { ($0, Self.header(type: $0, keyID: keyID, algorithm: algorithm)) }
        signatureByteCount = key.signatureByteCount
    }

    /// - Parameters:
    ///   - type: the header's `typ`; the usual ones are encoded ahead.
    ///   - payload: the claims as JSON.
    /// - Returns: the JWT in compact serialisation.
    /// - Throws: `SigningError.libcrypto`.
    package func sign(type: String, payload: [UInt8]) throws -> String {
        let header = headers.first { $0.type == type }?.encoded ?? Self.header(type: type, keyID: keyID, algorithm: algorithm)
        var token: [UInt8] = []
        token.reserveCapacity(
            header.count + Base64URL.encodedCount(payload.count) + 1 + Base64URL.encodedCount(signatureByteCount))
        token.append(contentsOf: header)
        Base64URL.encode(payload, into: &token)
        try withUnsafeTemporaryAllocation(byteCount: signatureByteCount, alignment: 1) { signature in
            try token.withUnsafeBytes { try key.sign($0, into: signature) }
            token.append(UInt8(ascii: "."))
            Base64URL.encode(UnsafeRawBufferPointer(signature), into: &token)
        }
        return String(decoding: token, as: UTF8.self)
    }

    private static func header(type: String, keyID: String, algorithm: SigningAlgorithm) -> [UInt8] {
        var json = JSONWriter(capacity: 128)
        json.object {
            $0.field("alg", algorithm.rawValue)
            if !keyID.isEmpty { $0.field("kid", keyID) }
            $0.field("typ", type)
        }
        var encoded: [UInt8] = []
        Base64URL.encode(json.bytes, into: &encoded)
        encoded.append(UInt8(ascii: "."))
        return encoded
    }
}
