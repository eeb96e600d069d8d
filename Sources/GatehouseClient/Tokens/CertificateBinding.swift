import Crypto
import OAuthProtocol

/// Whether a token that is bound to a key came from whoever holds it (`cnf`, RFC 7800 §3).
enum CertificateBinding {
    /// - Parameter certificate: the one that the TLS peer proved, in DER.
    /// - Throws: `wrongBinding` where it is bound to another certificate, to none that was presented, or in a way that we can't check.
    static func check(_ claims: JSONValue, certificate: [UInt8]?) throws(GatehouseRefusal) {
        guard let confirmation = claims["cnf"] else { return }
        // RFC 8705 §3.1: the SHA-256 of the certificate, as base64url. Whatever stands beside it would have to hold as well.
        guard let members = confirmation.object, Set(members.keys) == ["x5t#S256"], let thumbprint = members["x5t#S256"]?.string,
            let certificate, ConstantTime.equal(thumbprint, Base64URL.encode(SHA256.hash(data: certificate)))
        else { throw .wrongBinding }
    }
}
