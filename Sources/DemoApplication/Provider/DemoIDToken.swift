import Crypto
import FoundationEssentials
import OAuthProtocol

/// The checks that make an ID token worth believing.
enum DemoIDToken {
    /// - Returns: The claims.
    /// - Throws: `JWTRefusal.unknownKey` to have the keys fetched again; `DemoFailure` for everything else.
    static func verify(
        _ token: String, keys: JWKSet, settings: DemoSettings, nonce: String?, accessToken: String, now: Date
    ) async throws -> JSONValue {
        let claims: JSONValue
        do {
            claims = try await JWTVerification.idToken(issuer: settings.issuer, audience: settings.clientID)
                .verify(token, key: { try VerificationKey(keys.require(for: $0)) }, now: now)
        } catch JWTRefusal.unknownKey {
            throw JWTRefusal.unknownKey
        } catch {
            throw DemoFailure.provider("Its ID token was refused: \(error).")
        }
        guard claims["sub"]?.string?.isEmpty == false else { throw DemoFailure.provider("Its ID token names nobody.") }
        // Core §3.1.3.7: with several audiences, the authorized party must be us.
        if let party = claims["azp"]?.string, party != settings.clientID {
            throw DemoFailure.provider("Its ID token was issued to another application.")
        }
        if (claims["aud"]?.strings?.count ?? 1) > 1, claims["azp"] == nil {
            throw DemoFailure.provider("Its ID token has several audiences and names no authorized party.")
        }
        if let nonce, claims["nonce"]?.string != nonce {
            throw DemoFailure.provider("Its ID token answers another sign-in: the nonce differs.")
        }
        if let hash = claims["at_hash"], hash.string != accessTokenHash(accessToken) {
            throw DemoFailure.provider("Its ID token belongs to another access token: at_hash differs.")
        }
        return claims
    }

    /// The left half of SHA-256 (Core §3.1.3.6), which both ES256 and RS256 use.
    static func accessTokenHash(_ accessToken: String) -> String {
        Base64URL.encode(SHA256.hash(data: Array(accessToken.utf8)).prefix(16))
    }
}
