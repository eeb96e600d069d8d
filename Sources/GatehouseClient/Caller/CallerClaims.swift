import FoundationEssentials
import OAuthProtocol

/// Reads a caller from claims that have been proven: a token's payload, or the server's answer about a credential.
struct CallerClaims {
    private let claims: JSONValue

    init(_ claims: JSONValue) {
        self.claims = claims
    }

    /// `aud`: one text or several (RFC 7519 §4.1.3).
    var audiences: [String] {
        if let one = claims["aud"]?.string { return [one] }
        return claims["aud"]?.strings ?? []
    }

    var expiresAt: Date? {
        claims["exp"]?.double.map { Date(timeIntervalSince1970: $0) }
    }

    /// An access token after RFC 9068 §2.2, which requires `sub`, `client_id`, `iat` and `jti`.
    func accessToken() throws(GatehouseRefusal) -> GatehouseCaller {
        guard let subject = text("sub"), let clientID = text("client_id"), claims["iat"]?.double != nil, let id = text("jti") else {
            throw .wrongClaim
        }
        return try caller(.accessToken, subject: subject, clientID: clientID, credentialID: id)
    }

    /// An API key as `POST /v1/keys/verify` and introspection describe it.
    func apiKey() throws(GatehouseRefusal) -> GatehouseCaller {
        guard let subject = text("sub"), let id = text("key_id") ?? text("jti") else { throw .wrongClaim }
        return try caller(.apiKey, subject: subject, clientID: text("client_id"), credentialID: id)
    }

    /// A signing key as `POST /v1/signatures/verify` describes it.
    func signature() throws(GatehouseRefusal) -> GatehouseCaller {
        guard let subject = text("sub"), let id = text("key_id") else { throw .wrongClaim }
        return try caller(.signature, subject: subject, clientID: text("client_id"), credentialID: id)
    }

    private func caller(
        _ proof: GatehouseCaller.Proof, subject: String, clientID: String?, credentialID: String
    ) throws(GatehouseRefusal) -> GatehouseCaller {
        if let scope = claims["scope"], scope.string == nil { throw .wrongClaim }
        if let roles = claims["roles"], roles.strings == nil { throw .wrongClaim }
        return GatehouseCaller(
            proof: proof, kind: subject == clientID ? .client : .person, subject: subject, clientID: clientID,
            scopes: Set((claims["scope"]?.string ?? "").split(separator: " ").map(String.init)),
            roles: Set(claims["roles"]?.strings ?? []), audiences: audiences, expiresAt: expiresAt, credentialID: credentialID)
    }

    private func text(_ name: String) -> String? {
        claims[name]?.string.flatMap { $0.isEmpty ? nil : $0 }
    }
}
