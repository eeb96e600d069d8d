import FoundationEssentials
import Keys
import OAuthProtocol

/// An ID token of ours that comes back as a hint (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2). It may have expired.
struct IDTokenHint: Sendable {
    struct Content: Sendable {
        let subject: String
        let clientID: String
        let sessionID: UUID?
    }

    let issuer: String
    let keys: KeyRing

    /// - Throws: `invalid_request` unless we signed it.
    func read(_ text: String, now: Date) async throws -> Content {
        let verification = JWTVerification.idToken(issuer: issuer)
        let claims: JSONValue
        do {
            claims = try await verification.verifySignatureOnly(
                text,
                key: { header in
                    guard let key = self.keys.hintVerificationKey(keyID: header.keyID ?? "", algorithm: header.algorithm) else {
                        throw JWTRefusal.unknownKey
                    }
                    return key
                })
        } catch {
            throw OAuthError.invalidRequest("id_token_hint is not valid", reason: "\(error)")
        }
        guard claims["iss"]?.string == issuer, let subject = claims["sub"]?.string, let clientID = claims["aud"]?.string else {
            throw OAuthError.invalidRequest("id_token_hint is not valid", reason: "claims")
        }
        return Content(subject: subject, clientID: clientID, sessionID: claims["sid"]?.string.flatMap { UUID(uuidString: $0) })
    }
}
