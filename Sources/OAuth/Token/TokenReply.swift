import Hummingbird
import OAuthProtocol
import Web

/// The successful answer of the token endpoint (RFC 6749 §5.1).
enum TokenReply {
    static func make(_ issued: TokenIssuer.Issued) throws -> Response {
        var json = JSONWriter()
        json.object { json in
            json.field("access_token", issued.accessToken)
            json.field("token_type", issued.tokenType)
            json.field("expires_in", issued.expiresIn)
            if let refreshToken = issued.refreshToken { json.field("refresh_token", refreshToken) }
            if let idToken = issued.idToken { json.field("id_token", idToken) }
            // RFC 6749 §3.3: a scope has at least one token.
            if !issued.scopes.isEmpty { json.field("scope", issued.scopes.description) }
        }
        return Reply.json(json.bytes)
    }

    /// RFC 8693 §2.2.1
    static func makeExchanged(_ accessToken: String, _ approval: TokenApproval, lifetime: Duration) -> Response {
        var json = JSONWriter()
        json.object { json in
            json.field("access_token", accessToken)
            json.field("issued_token_type", APIKeyExchange.accessTokenType)
            json.field("token_type", SenderConstraint.tokenType(approval.constraint))
            json.field("expires_in", Int(lifetime.components.seconds))
            json.field("scope", approval.scopes.description)
        }
        return Reply.json(json.bytes)
    }
}
