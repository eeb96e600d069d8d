import Crypto
import FoundationEssentials
import OAuthProtocol

// A key that somebody else has given us, to prove to them who we are: a client's at another server.
extension TokenSigner {
    /// - Parameters:
    ///   - pem: PKCS#8, or SEC 1 for P-256 and PKCS#1 for RSA; one key, without a passphrase.
    ///   - keyID: what the other side calls it; empty: the header names none.
    /// - Throws: `SigningError.malformedKey`.
    package convenience init(pem: String, algorithm: SigningAlgorithm, keyID: String) throws {
        switch algorithm {
        case .es256:
            guard let key = try? P256.Signing.PrivateKey(pemRepresentation: pem) else { throw SigningError.malformedKey(.es256) }
            self.init(keyID: keyID, algorithm: .es256, key: try ES256PrivateKey(stored: Array(key.rawRepresentation)))
        case .rs256:
            guard let der = Self.bytes(ofPEM: pem) else { throw SigningError.malformedKey(.rs256) }
            self.init(keyID: keyID, algorithm: .rs256, key: try RS256PrivateKey(stored: der))
        }
    }

    private static func bytes(ofPEM pem: String) -> [UInt8]? {
        let lines = pem.split(whereSeparator: \.isNewline).map { $0.filter { !$0.isWhitespace } }
        guard let first = lines.first, first.hasPrefix("-----BEGIN"), first.hasSuffix("PRIVATEKEY-----"), lines.count > 2,
            lines[lines.count - 1].hasPrefix("-----END")
        else { return nil }
        return Base64.decode(utf8: Array(lines[1..<(lines.count - 1)].joined().utf8))
    }
}
