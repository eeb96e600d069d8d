import Crypto
import FoundationEssentials
import Keys
import OAuthProtocol
import Runtime

/// How we prove to a provider who we are (RFC 6749 §2.3, RFC 7523 §2.2, OpenID Connect Core §9).
struct FederationClientSecret: Sendable {
    /// What a token request carries for it.
    struct Proof: Sendable {
        var headers: [(name: String, value: String)] = []
        var fields: [(String, String)] = []
    }

    /// Assertions and signed secrets are made for each request.
    static let assertionLifetime: Duration = .minutes(5)

    let provider: FederationProvider
    let randomness: any Randomness

    /// - Parameter tokenEndpoint: whom an assertion is for.
    /// - Throws: ``FederationFailure`` for a key that can't be read.
    func proof(issuer: String?, tokenEndpoint: String, now: Date) throws(FederationFailure) -> Proof {
        let secret = provider.secret?.text ?? ""
        switch provider.authentication {
        case .none:
            return Proof(fields: [("client_id", provider.clientID)])
        case .basic:
            return Proof(headers: [("Authorization", BasicCredentials.headerValue(clientID: provider.clientID, clientSecret: secret))])
        case .post:
            return Proof(fields: [("client_id", provider.clientID), ("client_secret", secret)])
        case .signedSecret:
            // https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret
            let text = try sign(
                claims(issuer: provider.signerID ?? provider.clientID, audience: issuer ?? tokenEndpoint, hasID: false, now: now))
            return Proof(fields: [("client_id", provider.clientID), ("client_secret", text)])
        case .privateKeyJWT:
            return assertion(try sign(claims(issuer: provider.clientID, audience: tokenEndpoint, hasID: true, now: now)))
        case .secretJWT:
            return assertion(mac(claims(issuer: provider.clientID, audience: tokenEndpoint, hasID: true, now: now), secret: secret))
        }
    }

    private func assertion(_ text: String) -> Proof {
        Proof(fields: [
            ("client_id", provider.clientID), ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", text),
        ])
    }

    private func claims(issuer: String, audience: String, hasID: Bool, now: Date) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("iss", issuer)
            json.field("sub", provider.clientID)
            json.field("aud", audience)
            json.field("iat", now.numericDate)
            json.field("exp", (now + Self.assertionLifetime).numericDate)
            if hasID { json.field("jti", Base64URL.encode(randomness.bytes(16))) }
        }
        return json.bytes
    }

    private func sign(_ claims: [UInt8]) throws(FederationFailure) -> String {
        do {
            return try provider.signer.sign(type: "JWT", payload: claims)
        } catch {
            throw .unavailable("client key can not be used")
        }
    }

    private func mac(_ claims: [UInt8], secret: String) -> String {
        let header = Base64URL.encode(Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8))
        let input = "\(header).\(Base64URL.encode(claims))"
        let code = HMAC<SHA256>.authenticationCode(for: Array(input.utf8), using: SymmetricKey(data: Array(secret.utf8)))
        return "\(input).\(Base64URL.encode(Array(code)))"
    }
}

extension FederationProvider {
    /// - Throws: `SigningError` where the secret is no private key of the algorithm.
    fileprivate var signer: TokenSigner {
        get throws {
            try TokenSigner(
                pem: secret?.text ?? "", algorithm: signingAlgorithm == "RS256" ? .rs256 : .es256, keyID: keyID ?? "")
        }
    }

    /// Whether the secret is a private key that can sign for us.
    package var hasReadableKey: Bool { (try? signer) != nil }
}
