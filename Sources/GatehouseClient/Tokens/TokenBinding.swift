import Crypto
import OAuthProtocol

/// Whether a token that is bound to a key came from whoever holds it (`cnf`, RFC 7800 §3).
enum TokenBinding {
    /// - Parameters:
    ///   - certificate: the one that the TLS peer proved, in DER.
    ///   - key: the key of the DPoP proof that came with the token; nil where it was shown as a bearer's.
    /// - Throws: `wrongBinding` where it is bound to something else, to nothing where there is a proof, or in a way that we can't check.
    static func check(_ claims: JSONValue, certificate: [UInt8]?, key: JWKThumbprint?) throws(GatehouseRefusal) {
        guard let confirmation = claims["cnf"] else {
            // RFC 9449 §7.1: the scheme is for bound tokens.
            guard key == nil else { throw .wrongBinding }
            return
        }
        // Whatever stands beside it would have to hold as well.
        guard let members = confirmation.object, members.count == 1 else { throw .wrongBinding }
        if let key {
            guard let thumbprint = members["jkt"]?.string, ConstantTime.equal(thumbprint, key.description) else { throw .wrongBinding }
            return
        }
        // RFC 8705 §3.1: the SHA-256 of the certificate, as base64url.
        guard let thumbprint = members["x5t#S256"]?.string, let certificate,
            ConstantTime.equal(thumbprint, Base64URL.encode(SHA256.hash(data: certificate)))
        else { throw .wrongBinding }
    }
}
