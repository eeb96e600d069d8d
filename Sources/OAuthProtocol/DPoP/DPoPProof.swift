import Crypto
import FoundationEssentials

/// A proof that the sender of one request holds a key (RFC 9449 §4): a short JWT that names the request and brings its key along.
///
/// Whether it has been seen before, and whether its nonce is one of ours, is for whoever remembers.
package struct DPoPProof: Sendable {
    package static let type = "dpop+jwt"
    package static let bytesMax = 8_192
    package static let identifierBytesMax = 256
    package static let nonceBytesMax = 256

    /// Of the key that signed it.
    package let thumbprint: JWKThumbprint
    /// `jti`: names the proof, once for each key.
    package let identifier: String
    package let signedAt: Date
    package let nonce: String?

    /// For how long a proof can be used.
    package struct Window: Sendable {
        package let ageMax: Duration
        /// By how much the sender's clock may be ahead.
        package let aheadMax: Duration

        package init(ageMax: Duration, aheadMax: Duration) {
            self.ageMax = ageMax
            self.aheadMax = aheadMax
        }
    }

    /// Checks everything of §4.3 that needs no memory. What costs least is looked at first: nothing in a proof is secret.
    /// - Parameters:
    ///   - fields: the values of all `DPoP` fields of the request.
    ///   - accessToken: the token that the proof goes with; nil where tokens are asked for.
    package init(
        _ fields: [String], for target: DPoPTarget, accessToken: String?, window: Window, now: Date
    ) async throws(DPoPRefusal) {
        guard let field = fields.first else { throw .missing }
        guard fields.count == 1 else { throw .repeated }
        guard field.utf8.count <= Self.bytesMax else { throw .tooLarge }
        let jws = try Self.parse(field)
        guard jws.header.type == Self.type else { throw .wrongType }
        guard DPoPKey.algorithms.contains(jws.header.algorithm) else { throw .wrongAlgorithm }
        guard let jwk = jws.header.json["jwk"] else { throw .unsuitableKey }
        let key = try DPoPKey(jwk, algorithm: jws.header.algorithm)
        guard let claims = try? JSONValue(parsing: jws.payload, bytesMax: Self.bytesMax, depthMax: 8), claims.object != nil else {
            throw .malformed
        }
        try Self.check(claims, for: target)
        try Self.check(claims, accessToken: accessToken)
        signedAt = try Self.signedAt(claims, window, now: now)
        identifier = try Self.text("jti", of: claims, bytesMax: Self.identifierBytesMax)
        nonce = claims["nonce"] == nil ? nil : try Self.text("nonce", of: claims, bytesMax: Self.nonceBytesMax)
        thumbprint = key.thumbprint
        guard await key.isValid(jws.signature, for: jws.signingInput) else { throw .signatureMismatch }
    }

    private static func parse(_ field: String) throws(DPoPRefusal) -> CompactJWS {
        do {
            return try CompactJWS(parsing: field)
        } catch {
            switch error {
            case .tooLarge: throw .tooLarge
            case .algorithmNotAllowed: throw .wrongAlgorithm
            default: throw .malformed
            }
        }
    }

    private static func check(_ claims: JSONValue, for target: DPoPTarget) throws(DPoPRefusal) {
        guard try text("htm", of: claims, bytesMax: 64).utf8.elementsEqual(target.method.utf8) else { throw .wrongMethod }
        guard target.isMeant(by: try text("htu", of: claims, bytesMax: DPoPTarget.addressBytesMax)) else { throw .wrongTarget }
    }

    /// §4.3: "when presented to a protected resource in conjunction with an access token, ensure that the value of the ath claim equals the
    /// hash of that access token".
    private static func check(_ claims: JSONValue, accessToken: String?) throws(DPoPRefusal) {
        guard let accessToken else { return }
        let hash = Base64URL.encode(SHA256.hash(data: Array(accessToken.utf8)))
        guard ConstantTime.equal(try text("ath", of: claims, bytesMax: 64), hash) else { throw .wrongToken }
    }

    /// `iat`, and what a JWT may say besides about its time (RFC 7519 §4.1).
    private static func signedAt(_ claims: JSONValue, _ window: Window, now: Date) throws(DPoPRefusal) -> Date {
        guard let issued = try instant("iat", of: claims) else { throw .wrongClaim }
        guard issued >= now.addingTimeInterval(-seconds(window.ageMax)) else { throw .stale }
        let latest = now.addingTimeInterval(seconds(window.aheadMax))
        guard issued <= latest else { throw .future }
        if let expiry = try instant("exp", of: claims), expiry <= now { throw .stale }
        if let start = try instant("nbf", of: claims), start > latest { throw .future }
        return issued
    }

    private static func instant(_ name: String, of claims: JSONValue) throws(DPoPRefusal) -> Date? {
        guard let json = claims[name] else { return nil }
        guard let seconds = json.double, (0...253_402_300_799).contains(seconds) else { throw .wrongClaim }
        return Date(timeIntervalSince1970: seconds)
    }

    private static func text(_ name: String, of claims: JSONValue, bytesMax: Int) throws(DPoPRefusal) -> String {
        guard let text = claims[name]?.string, (1...bytesMax).contains(text.utf8.count) else { throw .wrongClaim }
        return text
    }

    private static func seconds(_ duration: Duration) -> TimeInterval {
        TimeInterval(duration.components.seconds) + TimeInterval(duration.components.attoseconds) / 1e18
    }
}
