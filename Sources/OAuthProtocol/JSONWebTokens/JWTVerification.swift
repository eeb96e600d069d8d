import FoundationEssentials

/// The rules by which a signed token is accepted (RFC 7519 §7.2, RFC 8725). The header is judged before a key is chosen, so
/// that a token can't choose its own algorithm, and the key is bound to one algorithm, so that it can't be used for another.
package struct JWTVerification: Sendable {
    private let types: [String]
    private let isTypeOptional: Bool
    private let algorithms: Set<String>
    private let issuer: String?
    private let audience: String?
    private let tolerance: TimeInterval

    /// What this server signs with, and expects where nothing else is said.
    package static let algorithms: Set<String> = ["ES256", "RS256"]
    /// What can be verified. `none` and the HMAC algorithms are refused even if a list names them.
    package static let verifiable: Set<String> = ["ES256", "RS256", "PS256", "EdDSA"]

    /// - Parameters:
    ///   - types: the `typ` values that are accepted.
    ///   - isTypeOptional: whether a token without `typ` is accepted as well.
    ///   - issuer: the only `iss` accepted; nil leaves it to the caller.
    ///   - audience: what `aud` must be or hold; nil leaves it to the caller.
    ///   - clockTolerance: by how much the clock of the issuer may differ from ours.
    package init(
        types: [String], isTypeOptional: Bool = false, algorithms: Set<String> = JWTVerification.algorithms, issuer: String?,
        audience: String?, clockTolerance: Duration = .seconds(10)
    ) {
        self.types = types
        self.isTypeOptional = isTypeOptional
        self.algorithms = algorithms.intersection(Self.verifiable)
        self.issuer = issuer
        self.audience = audience
        tolerance = TimeInterval(clockTolerance.components.seconds) + TimeInterval(clockTolerance.components.attoseconds) / 1e18
    }

    /// Access tokens (RFC 9068 §4): `at+jwt`, which an ID token never is.
    package static func accessToken(issuer: String, audience: String? = nil) -> JWTVerification {
        JWTVerification(types: ["at+jwt"], issuer: issuer, audience: audience)
    }

    /// ID tokens (OpenID Connect Core §3.1.3.7): `JWT` or no `typ`, which an access token never has.
    package static func idToken(issuer: String, audience: String? = nil) -> JWTVerification {
        JWTVerification(types: ["JWT"], isTypeOptional: true, issuer: issuer, audience: audience)
    }

    /// Verifies a token entirely.
    /// - Parameter key: finds the key that the header means; called only with a header that has passed.
    /// - Returns: the claims.
    package func verify(_ token: String, key: (JWSHeader) throws -> VerificationKey, now: Date) async throws(JWTRefusal) -> JSONValue {
        let claims = try await verifySignatureOnly(token, key: key)
        try checkTimes(of: claims, now: now)
        if let audience { try check(audience, in: claims) }
        return claims
    }

    /// Verifies header, signature and issuer, but neither times nor audience: for an `id_token_hint`, which may have expired
    /// (OpenID Connect RP-Initiated Logout §2).
    package func verifySignatureOnly(_ token: String, key: (JWSHeader) throws -> VerificationKey) async throws(JWTRefusal) -> JSONValue {
        let jws = try CompactJWS(parsing: token)
        try check(jws.header)
        let found = try require(key, for: jws.header)
        guard await found.isValid(jws.signature, for: jws.signingInput) else { throw .signatureMismatch }
        // Only now is the payload worth reading.
        guard let claims = try? JSONValue(parsing: jws.payload, bytesMax: CompactJWS.bytesMax), claims.object != nil else {
            throw .malformed
        }
        if let issuer {
            guard let actual = claims["iss"] else { throw .missingClaim("iss") }
            guard let text = actual.string else { throw .malformedClaim("iss") }
            guard text.utf8.elementsEqual(issuer.utf8) else { throw .wrongIssuer }
        }
        return claims
    }

    private func check(_ header: JWSHeader) throws(JWTRefusal) {
        guard algorithms.contains(header.algorithm) else { throw .algorithmNotAllowed }
        if header.type == nil {
            guard isTypeOptional else { throw .typeNotAllowed }
        } else {
            guard types.contains(where: header.isType) else { throw .typeNotAllowed }
        }
    }

    private func require(
        _ find: (JWSHeader) throws -> VerificationKey, for header: JWSHeader
    ) throws(JWTRefusal) -> VerificationKey {
        let found: VerificationKey
        do {
            found = try find(header)
        } catch let refusal as JWTRefusal {
            throw refusal
        } catch {
            throw .unknownKey
        }
        guard found.algorithm == header.algorithm else { throw .unsuitableKey }
        return found
    }

    private func checkTimes(of claims: JSONValue, now: Date) throws(JWTRefusal) {
        let seconds = now.timeIntervalSince1970
        guard let expiry = try Self.time("exp", of: claims) else { throw .missingClaim("exp") }
        // RFC 7519 §4.1.4: "on or after which the JWT MUST NOT be accepted".
        guard seconds < expiry + tolerance else { throw .expired }
        if let start = try Self.time("nbf", of: claims), start > seconds + tolerance { throw .notYetValid }
        if let issued = try Self.time("iat", of: claims), issued > seconds + tolerance { throw .notYetValid }
    }

    /// A NumericDate (RFC 7519 §2), which may have a fraction. Nothing before 1970 or after the year 9999 is one.
    private static func time(_ name: String, of claims: JSONValue) throws(JWTRefusal) -> TimeInterval? {
        guard let json = claims[name] else { return nil }
        guard let seconds = json.double, (0...253_402_300_799).contains(seconds) else { throw .malformedClaim(name) }
        return seconds
    }

    private func check(_ audience: String, in claims: JSONValue) throws(JWTRefusal) {
        let actual: [String]
        switch claims["aud"] {
        case nil: throw .missingClaim("aud")
        case .string(let one): actual = [one]
        case .some(let other):
            guard let several = other.strings else { throw .malformedClaim("aud") }
            actual = several
        }
        guard actual.contains(where: { $0.utf8.elementsEqual(audience.utf8) }) else { throw .wrongAudience }
    }
}
