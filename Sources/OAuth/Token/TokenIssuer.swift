import Accounts
import Audit
import Crypto
import FoundationEssentials
import Keys
import OAuthProtocol
import Runtime

/// Signs access tokens (RFC 9068) and ID tokens (OpenID Connect Core §2).
package struct TokenIssuer: Sendable {
    /// Tokens as the client receives them.
    struct Issued: Sendable {
        let accessToken: String
        let tokenType: String
        let expiresIn: Int
        let scopes: ScopeSet
        let refreshToken: String?
        let idToken: String?
    }

    private let settings: OAuthSettings
    private let keys: KeyRing
    private let randomness: any Randomness

    package init(settings: OAuthSettings, keys: KeyRing, randomness: any Randomness) {
        self.settings = settings
        self.keys = keys
        self.randomness = randomness
    }

    func issue(_ approval: TokenApproval, for client: Client, now: Date) throws -> Issued {
        let lifetime = client.accessTokenLifetime ?? settings.accessTokenLifetime
        let accessToken = try signAccessToken(
            approval, clientID: client.id, algorithm: client.accessTokenAlgorithm, lifetime: lifetime, now: now)
        let idToken = try approval.identity.map { identity in
            try signIDToken(identity, approval: approval, for: client, accessToken: accessToken, now: now)
        }
        return Issued(
            accessToken: accessToken, tokenType: SenderConstraint.tokenType(approval.constraint),
            expiresIn: Int(lifetime.components.seconds), scopes: approval.scopes,
            refreshToken: approval.refreshToken, idToken: idToken)
    }

    /// RFC 9068 §2.2, with the grant and the session that a revocation may name.
    func signAccessToken(
        _ approval: TokenApproval, clientID: String, algorithm: SigningAlgorithm?, lifetime: Duration, now: Date
    ) throws -> String {
        let issuedAt = now.numericDate
        var json = JSONWriter()
        json.object { json in
            json.field("iss", settings.issuer)
            json.field("exp", issuedAt + Int(lifetime.components.seconds))
            if approval.audiences.count == 1 {
                json.field("aud", approval.audiences[0])
            } else {
                json.field("aud", approval.audiences)
            }
            json.field("sub", approval.subject)
            json.field("client_id", clientID)
            json.field("iat", issuedAt)
            json.field("jti", Base64URL.encode(randomness.bytes(16)))
            if !approval.scopes.isEmpty { json.field("scope", approval.scopes.description) }
            if !approval.roles.isEmpty { json.field("roles", approval.roles) }
            if let constraint = approval.constraint { json.field("cnf", constraint.confirmation) }
            if let authorization = approval.authorization {
                json.field("auth_time", authorization.authenticatedAt.numericDate)
                json.field("acr", AuthenticationContext.claim(methods: authorization.methods))
                json.field("amr", AuthenticationMethods(authorization.methods).amr)
                if !authorization.isOffline { json.field("sid", authorization.sessionID.token) }
                json.field("grant_id", authorization.grantID.token)
            }
        }
        return try keys.signer(algorithm ?? settings.accessTokenAlgorithm, now: now).sign(
            type: "at+jwt", payload: json.bytes)
    }

    private func signIDToken(
        _ identity: TokenApproval.Identity, approval: TokenApproval, for client: Client, accessToken: String, now: Date
    ) throws -> String {
        let algorithm = SigningAlgorithm(rawValue: client.metadata.idTokenSignedResponseAlg) ?? .rs256
        let issuedAt = now.numericDate
        var json = JSONWriter()
        json.object { json in
            json.field("iss", settings.issuer)
            json.field("sub", approval.subject)
            json.field("aud", client.id)
            json.field("exp", issuedAt + Int(settings.idTokenLifetime.components.seconds))
            json.field("iat", issuedAt)
            if let nonce = identity.nonce { json.field("nonce", nonce) }
            if let authorization = approval.authorization {
                json.field("auth_time", authorization.authenticatedAt.numericDate)
                json.field("acr", AuthenticationContext.claim(methods: authorization.methods))
                let methods = AuthenticationMethods(authorization.methods)
                json.field("amr", methods.amr)
                json.field("idp", ifPresent: methods.provider)
                json.field("sid", authorization.sessionID.token)
            }
            json.field("at_hash", Self.leftHalfHash(accessToken))
            for (name, value) in identity.claims.sorted(by: { $0.key < $1.key }) { json.field(name, value) }
        }
        return try keys.signer(algorithm, now: now).sign(type: "JWT", payload: json.bytes)
    }

    /// OpenID Connect Core §3.1.3.6; both of our algorithms hash with SHA-256.
    static func leftHalfHash(_ accessToken: String) -> String {
        Base64URL.encode(SHA256.hash(data: Array(accessToken.utf8)).prefix(16))
    }
}

extension UUID {
    /// As it stands in tokens: lower case, as PostgreSQL prints it.
    package var token: String { uuidString.lowercased() }
}
